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
NUMBERS += ["0.10000000000000000001", "100.00", "1e3", "1E-7", "1e300", "5e-324", "-0", "-0.0", "12345678901234567890.10"]
TEXTS = ['"007"', '""', '" x "', '"1.50"', '"true"', '"2026-03-01T12:00:00Z"', '"\\u00e4\\ud83d\\ude00"', '"two\\nlines"', '"${{ x }}"', '"null"']
OTHERS = ["null", "true", "false", "[]", "[1]", "[[1.50], null]", "{}", '{"b": 1, "A": [null], "": ""}']
SINKS = ["json", "csv", "ndjson", "parquet"]


def quoted(text):
    special = any(sign in text for sign in ',"\r\n') or text.startswith("\ufeff")
    return '"' + text.replace('"', '""') + '"' if special else text


class Files:
    def __init__(self, directory):
        self.directory, self.tables = directory, []

    def write(self, ending, text):
        """A file of text; its name."""
        name = f"{len(self.tables)}.{ending}"
        (self.directory / name).write_bytes(text.encode())
        return name

    def add(self, source, columns, file=None, options=None, body=None, sinks=SINKS):
        """A table: its columns, each a name, a type, the values as they are written, and what they are."""
        number, names = len(self.tables), [name for name, *_ in columns]
        count = max(len(rows) for *_, rows in columns)
        rows = [[rows[at] if at < len(rows) else None for *_, rows in columns] for at in range(count)]
        self.tables.append({"number": number, "file": file, "columns": names, "rows": rows, "how": source, "options": options, "sinks": sinks})
        shown = [{"name": name, "kind": kind, "shown": shown} for name, kind, shown, _ in columns]
        path = {"input": {"path": f"/in/{file}", **(options or {})}} if file else {}
        print(json.dumps({"number": number, "source": source, "columns": shown, "body": body, "sinks": sinks, **path}))

    def csv(self):
        """All kinds that need no option in one file, and each of the others in its own."""
        columns = []
        for kind, texts, options in CSV:
            cells = [quoted(text) for text in texts]
            if kind == "text in quotes":
                cells[-1] = '""'
            if options:
                column = ("v", kind, cells, TOLD.get(kind, texts))
                self.add("CSV", [column], self.write("csv", "\n".join(["v", *cells, ""])), options)
            else:
                columns.append((kind, kind, cells, TOLD.get(kind, texts)))
        count = max(len(cells) for _, _, cells, _ in columns)
        lines = [",".join(quoted(name) for name, *_ in columns)]
        lines += [",".join(cells[at] if at < len(cells) else "" for _, _, cells, _ in columns) for at in range(count)]
        self.add("CSV", columns, self.write("csv", "\n".join([*lines, ""])))

    def json(self, source, ending, sinks):
        """All kinds as keys of one file, and what clashes in another."""
        for kinds in (JSON[:-1], JSON[-1:]):
            count = max(len(values) for _, values in kinds)
            pairs = lambda at: (f"{json.dumps(kind)}: {values[at]}" for kind, values in kinds if at < len(values))
            lines = ["{" + ", ".join(pairs(at)) + "}" for at in range(count)]
            text = "[\n" + ",\n".join(lines) + "\n]" if ending == "json" else "".join(f"{line}\n" for line in lines)
            rows = jsons.read(text)[1]
            columns = [(kind, kind, values, [row[at] for row in rows]) for at, (kind, values) in enumerate(kinds)]
            self.add(source, columns, self.write(ending, text), {}, sinks=sinks)

    def parquet(self, cases, **options):
        """All types as columns of one file."""
        name, count = f"{len(self.tables)}.parquet", max(len(values) for _, values in cases)
        fill = lambda values: pa.concat_arrays([values, pa.nulls(count - len(values), values.type)])
        pq.write_table(pa.table({kind: fill(values) for kind, values in cases}), self.directory / name, **options)
        forms = [(kind, [arrow.form(value) for value in values]) for kind, values in cases]
        columns = [(kind, kind, [json.dumps(row) for row in rows], [jsons.plain(row) for row in rows]) for kind, rows in forms]
        self.add("Parquet", columns, name, {})

    def handed_on(self, source):
        """What is no file: JSON as the body of an answer, in a job, and as parameters."""
        beyond = ["1e400", "1"]
        # In a job, an expression is one.
        texts = [text for text in TEXTS if source != "Template" or "${{" not in text]
        for kind, values in (("number", NUMBERS), ("number beyond a float", beyond), ("text", texts), ("null, boolean, list, object", OTHERS)):
            body = "[" + ", ".join(f'{{"v": {value}}}' for value in values) + "]"
            rows = [row for (row,) in jsons.read(body)[1]]
            self.add(source, [("v", kind, values, rows)], body=body, sinks=["json"])


def main(directory):
    files = Files(directory)
    files.csv()
    files.json("NDJSON", "ndjson", SINKS)
    files.json("JSON", "json", ["json"])
    twice = [case for case in arrow_values.cases() if "twice" in case[0]]
    files.parquet([case for case in arrow_values.cases() if case not in twice], version="2.6")
    files.parquet(twice)
    spark = pa.array([0, 253_402_300_799_999_999, -62_135_596_800_000_000, None], type=pa.int64()).view(pa.timestamp("us"))
    files.parquet([("timestamp of 96 bits", spark)], use_deprecated_int96_timestamps=True)
    for source in ("HTTP", "Template", "PowerShell"):
        files.handed_on(source)
    (directory / "tables.json").write_text(json.dumps(files.tables))


main(pathlib.Path(sys.argv[1]))
