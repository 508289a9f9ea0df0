"""Files with the edge values of each type, for the matrix of `docs/values-files.md`.

values.py DIRECTORY    writes `N.*` and `tables.json`, and prints a line of JSON for each: source, kind, the values as they are
                       written, and the input for `data_processing`
"""

import json
import pathlib
import sys

import arrow
import arrow_values
import jsons
import pyarrow as pa
import pyarrow.parquet as pq

CSV = [
    ("whole numbers of 64 bits", ["0", "-20", "9223372036854775807", "-9223372036854775808"], {}),
    ("whole numbers beyond 64 bits", ["9223372036854775808", "1"], {}),
    ("numbers with as many places", ["1.10", "-0.01", "12345678901234567890.00"], {}),
    ("38 digits", ["-999999999999999999999999999999999999.99", "0.10"], {}),
    ("39 digits", ["1234567890123456789012345678901234567.89", "0.10"], {}),
    ("numbers of at most 15 digits", ["1.5", "2.25", "3", "-0.0001", "0.0000001"], {}),
    ("numbers with zeros at their ends", ["1.10", "1.5"], {}),
    ("leading zeros", ["007", "1"], {}),
    ("signs and exponents", ["+1", "-0", "1e3", "0x1F", "1_000"], {}),
    ("booleans", ["true", "false"], {}),
    ("booleans in other cases", ["TRUE", "False", "yes"], {}),
    ("days", ["2026-03-01", "0001-01-01", "9999-12-31"], {}),
    ("no days", ["2026-02-30", "0000-01-01", "31.01.2026"], {}),
    ("timestamps", ["2026-03-01 12:00:00", "2026-03-01T12:00:00.5", "9999-12-31 23:59:59.999999"], {}),
    ("timestamps in UTC", ["2026-03-01T12:00:00Z", "0001-01-01T00:00:00.000001Z"], {}),
    ("timestamps with other zones", ["2026-03-01T12:00:00+01:00"], {}),
    ("timestamps with nanoseconds", ["2026-03-01T12:00:00.123456789"], {}),
    ("NaN and infinities", ["NaN", "Infinity", "-inf"], {}),
    ("text", ["ä😀", "NULL", " padded ", "\ufeff", "'x'", "\\N"], {}),
    ("text in quotes", ['two\nlines, "quoted"', "a;b", "\r", ""], {}),
    ("NULL", ["", "1"], {}),
    ("NULL by `null_values`", ["NA", "-", "", "x"], {"null_values": ["NA", "-"]}),
    ("decimal(38,10) by `schema`", ["1.5", "-12345678901234567890.0123456789"], {"schema": {"v": "decimal(38,10)"}}),
    ("float64 by `schema`", ["1.50", "1e300", "5e-324", "NaN"], {"schema": {"v": "float64"}}),
    ("text by `schema`", ["1", "1.50", "true"], {"schema": {"v": "text"}}),
    ('date("%d.%m.%Y") by `schema`', ["31.01.2026"], {"schema": {"v": 'date("%d.%m.%Y")'}}),
    ("`decimal: \",\"`", ["1,50", "-0,25"], {"decimal": ",", "delimiter": ";"}),
]

# What CSV does not tell is told here: text without a change is what a file holds otherwise.
TOLD = {
    "NULL": [None, "1"],
    "NULL by `null_values`": [None, None, "", "x"],
    "decimal(38,10) by `schema`": ["1.5000000000", "-12345678901234567890.0123456789"],
    "float64 by `schema`": [{"number": "1.5"}, {"number": "1e300"}, {"number": "5e-324"}, "NaN"],
    'date("%d.%m.%Y") by `schema`': ["2026-01-31"],
    "`decimal: \",\"`": ["1.50", "-0.25"],
}

JSON = [
    ("null", ["null", '"x"']),
    ("boolean", ["true", "false"]),
    ("whole numbers of 64 bits", ["0", "-9223372036854775808", "9007199254740993"]),
    ("whole numbers beyond 64 bits", ["18446744073709551615", "1"]),
    ("numbers with as many places", ["1.50", "-0.01", "12345678901234567890.12"]),
    ("numbers with various places", ["1.5", "0.25", "3"]),
    ("numbers beyond a float", ["0.1234567890123456789", "1.5"]),
    ("numbers with an exponent", ["1e3", "-2.5E-7", "5e-324"]),
    ("numbers with an exponent beyond a float", ["1e400", "1"]),
    ("-0", ["-0", "1"]),
    ("text", ['"007"', '""', '"\\u00e4\\ud83d\\ude00"', '"a\\u0000b"', '"two\\nlines"', '"2026-03-01"', '"NULL"']),
    ("list", ["[1, null]", "[]", "null"]),
    ("list of numbers", ["[1.5, 12345678901234567890]", "[0.10]"]),
    ("object", ['{"Key": 1, "a b": {"n": 1.50}}', '{"Key": null}', "null"]),
    ("object without keys", ["{}", "null"]),
    ("numbers and text", ["1", '"x"']),
]

NUMBERS = ["0", "-1", "9007199254740992", "9007199254740993", "-9223372036854775808", "18446744073709551615", "1.5", "1.50", "0.1"]
NUMBERS += ["0.10000000000000000001", "100.00", "1e3", "1E-7", "1e300", "5e-324", "1e400", "-0", "-0.0", "12345678901234567890.10"]
TEXTS = ['"007"', '""', '" x "', '"1.50"', '"true"', '"2026-03-01T12:00:00Z"', '"\\u00e4\\ud83d\\ude00"', '"two\\nlines"', '"${{ x }}"', '"null"']
OTHERS = ["null", "true", "false", "[]", "[1]", "[[1.50], null]", "{}", '{"b": 1, "A": [null], "": ""}']


class Files:
    def __init__(self, directory):
        self.directory, self.tables = directory, []

    def add(self, source, kind, shown, rows, file=None, options=None, body=None, sinks=("json", "csv", "ndjson", "parquet")):
        number = len(self.tables)
        self.tables.append({"number": number, "file": file, "columns": ["v"], "rows": [[jsons.plain(row)] for row in rows], "how": f"{source}, {kind}", "options": options, "sinks": sinks})
        line = {"number": number, "source": source, "kind": kind, "shown": shown, "body": body, "sinks": sinks}
        if file:
            line["input"] = {"path": f"/in/{file}", **(options or {})}
        print(json.dumps(line))

    def text(self, ending, text):
        name = f"{len(self.tables)}.{ending}"
        (self.directory / name).write_bytes(text.encode())
        return name


def quoted(text):
    special = any(sign in text for sign in ',"\r\n') or text.startswith("\ufeff")
    return '"' + text.replace('"', '""') + '"' if special else text


def main(directory):
    files = Files(directory)
    for kind, texts, options in CSV:
        lines = [quoted(text) for text in texts]
        if kind == "text in quotes":
            lines[-1] = '""'
        name = files.text("csv", "v\n" + "".join(f"{line}\n" for line in lines))
        rows = TOLD.get(kind, texts)
        files.add("CSV", kind, lines, rows, name, options)
        files.tables[-1]["rows"] = [[row] for row in rows]
    for source, ending in (("NDJSON", "ndjson"), ("JSON", "json")):
        for kind, values in JSON:
            lines = [f'{{"v": {value}}}' for value in values]
            text = "[\n" + ",\n".join(lines) + "\n]" if ending == "json" else "".join(f"{line}\n" for line in lines)
            files.add(source, kind, values, [], files.text(ending, text), {})
            files.tables[-1]["rows"] = jsons.read(text)[1]
    for kind, values in arrow_values.cases():
        name = f"{len(files.tables)}.parquet"
        pq.write_table(pa.table({"v": values}), directory / name, version="2.6")
        rows = [arrow.form(value) for value in values]
        files.add("Parquet", kind, [json.dumps(row) for row in rows], rows, name, {})
    spark = pa.array([0, 253_402_300_799_999_999, -62_135_596_800_000_000, None], type=pa.int64()).view(pa.timestamp("us"))
    name = f"{len(files.tables)}.parquet"
    pq.write_table(pa.table({"v": spark}), directory / name, use_deprecated_int96_timestamps=True)
    rows = [arrow.form(value) for value in spark]
    files.add("Parquet", "timestamp of 96 bits", [json.dumps(row) for row in rows], rows, name, {})
    for source in ("HTTP", "Template", "PowerShell"):
        for kind, values in (("number", NUMBERS), ("text", TEXTS), ("null, boolean, list, object", OTHERS)):
            body = "[" + ", ".join(f'{{"v": {value}}}' for value in values) + "]"
            files.add(source, kind, values, [], body=body, sinks=["json"])
            files.tables[-1]["rows"] = jsons.read(body)[1]
    (directory / "tables.json").write_text(json.dumps(files.tables))


main(pathlib.Path(sys.argv[1]))
