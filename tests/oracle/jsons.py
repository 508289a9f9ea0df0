"""Random tables as JSON. What they hold is what Python's json module reads."""

import gzip
import json

import cells
import duckdb
import pandas
import pyarrow as pa
import results


class Raw(str):
    """A number as it is to be written."""


def value(rand, depth=0):
    """A function that makes the values of a key."""
    numbers = {
        "whole": lambda: Raw(cells.whole(rand)),
        "huge": lambda: Raw(rand.choice("123456789") + cells.digits(rand, rand.randint(18, 40))),
        "decimal": lambda: Raw(f"{rand.randint(-(10**12), 10**12)}.{cells.digits(rand, 2)}"),
        "number": lambda: Raw(f"{rand.randint(-999, 999)}.{cells.digits(rand, rand.randint(1, 20))}"),
        "float": lambda: Raw(repr(rand.choice([rand.random(), rand.random() * 1e300, 1e-7, 5e-324, 1.0]))),
        "exponent": lambda: Raw(rand.choice(["1e3", "-2.5E-7", "1E+2", "1e22"])),
        "mixed": lambda: Raw(rand.choice(["1", "1.50", "-0", "0.1", "1e2", "12345678901234567890"])),
        "boolean": lambda: rand.random() < 0.5,
        "text": lambda: rand.choice([*cells.TEXTS, "", "a\x00b", "1.50", "2026-03-01"]),
        "parts": lambda: "".join(rand.choice(cells.PARTS) for _ in range(rand.randint(1, 6))),
    }
    kind = rand.choice([*numbers, *(["list", "object"] if depth < 3 else [])])
    if kind == "list":
        item = value(rand, depth + 1)
        make = lambda: [item() for _ in range(rand.randint(0, 3))]
    elif kind == "object":
        keys = {name: value(rand, depth + 1) for name in cells.names(rand, rand.randint(1, 3))}
        make = lambda: {name: item() for name, item in keys.items() if rand.random() < 0.8}
    else:
        make = numbers[kind]
    nulls = rand.choice([0, 0, 0.3])
    return lambda: None if rand.random() < nulls else make()


def dump(rand, item, indent):
    """JSON, with what its writers may choose: spaces, and escapes."""
    if isinstance(item, Raw):
        return str(item)
    if isinstance(item, dict):
        pairs = [f"{dump(rand, key, indent)}{rand.choice([':', ': ', ' :'])}{dump(rand, one, indent)}" for key, one in item.items()]
        return "{" + ("," + indent).join(pairs) + "}"
    if isinstance(item, list):
        return "[" + ("," + indent).join(dump(rand, one, indent) for one in item) + "]"
    return json.dumps(item, ensure_ascii=rand.random() < 0.5)


def read(text):
    """The columns and rows of a text of JSON, one value after another or a list of them."""
    load = json.JSONDecoder(parse_float=results.Number, parse_int=results.Number)
    found, at = [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        one, at = load.raw_decode(text, at)
        found.append(one)
    rows = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[plain(row.get(name)) for name in columns] for row in rows]


def plain(item):
    """For a file of JSON: numbers as they are written."""
    if isinstance(item, results.Number):
        return {"number": str(item)}
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return {"number": json.dumps(item)}
    if isinstance(item, dict):
        return {"object": [[key, plain(one)] for key, one in item.items()]}
    return [plain(one) for one in item] if isinstance(item, list) else item


def by_json(rand, path):
    """The json module of Python."""
    keys = {name: value(rand) for name in cells.names(rand, rand.randint(1, 5))}
    missing = rand.choice([0, 0, 0.3])
    rows = [{name: make() for name, make in keys.items() if rand.random() >= missing} for _ in range(rand.choice([1, 2, 5, 30]))]
    indent = rand.choice(["", " ", "\n  "])
    lines = [dump(rand, row, indent) for row in rows]
    shape = rand.choice(["lines", "list", "one after another"])
    text = {"lines": "\n".join(lines) + "\n", "list": "[" + ",\n".join(lines) + "]\r\n", "one after another": " ".join(lines)}[shape]
    if shape == "lines" and indent == "\n  ":
        shape = "lines, each object on several"
    options = {}
    encoding = cells.encoded(rand, [], [[text]], options)
    columns, wanted = read(text)
    file = cells.put(rand, path.with_suffix(".ndjson" if shape == "lines" else ".json"), text, encoding)
    return file, options, columns, wanted, f"json: {shape}, {encoding}"


def by_pandas(rand, path):
    """pandas, with columns that its JSON keeps."""
    columns, rows = cells.table(rand)
    frame = pandas.DataFrame(rows or [["x"] * len(columns)], columns=columns, dtype=object)
    lines, packing = rand.random() < 0.5, rand.choice([None, "gzip"])
    path = path.with_suffix((".ndjson" if lines else ".json") + (".gz" if packing else ""))
    frame.to_json(path, orient="records", lines=lines, compression=packing, force_ascii=rand.random() < 0.5)
    data = path.read_bytes()
    columns, wanted = read((gzip.decompress(data) if packing else data).decode())
    return path, {}, columns, wanted, f"pandas.to_json(lines={lines})"


def by_duckdb(rand, path):
    """DuckDB's COPY, with types of its own."""
    kinds = ["BIGINT", "DOUBLE", "DECIMAL(18,3)", "HUGEINT", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "BIGINT[]", "STRUCT(a BIGINT, b VARCHAR)"]
    chosen = rand.sample(kinds, rand.randint(1, 5))
    sample = {
        "BIGINT": lambda: rand.choice(["9223372036854775807", "-1", "NULL"]),
        "DOUBLE": lambda: rand.choice(["0.1", "1e300", "1e-7", "NULL"]),
        "DECIMAL(18,3)": lambda: rand.choice(["1.500", "-99999.001", "NULL"]),
        "HUGEINT": lambda: "170141183460469231731687303715884105727",
        "VARCHAR": lambda: rand.choice(["'ä\"'", "''", "'007'", "NULL"]),
        "BOOLEAN": lambda: rand.choice(["true", "false", "NULL"]),
        "DATE": lambda: "'2026-03-01'",
        "TIMESTAMP": lambda: "'2026-03-01 12:00:00.5'",
        "BIGINT[]": lambda: rand.choice(["[1, NULL]", "[]", "NULL"]),
        "STRUCT(a BIGINT, b VARCHAR)": lambda: rand.choice(["{'a': 1, 'b': 'x'}", "NULL"]),
    }
    array, packing = rand.random() < 0.5, rand.choice(["none", "gzip", "zstd"])
    path = path.with_suffix((".json" if array else ".ndjson") + {"none": "", "gzip": ".gz", "zstd": ".zst"}[packing])
    line = lambda: ", ".join(f"CAST({sample[kind]()} AS {kind}) AS c{at}" for at, kind in enumerate(chosen))
    query = " UNION ALL ".join(f"SELECT {line()}" for _ in range(rand.randint(1, 5)))
    duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT json, ARRAY {array}, COMPRESSION {packing})")
    text = duckdb.execute(f"SELECT string_agg(content, '') FROM read_text('{path}')").fetchone()[0] if packing == "none" else None
    if text is None:
        text = pa.input_stream(str(path), compression=packing).read().decode()
    columns, wanted = read(text)
    return path, {}, columns, wanted, f"DuckDB: COPY TO (FORMAT json, ARRAY {array}, COMPRESSION {packing}) of {chosen}"
