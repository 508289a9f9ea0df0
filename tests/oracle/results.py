"""Compares what a step gave with a table: digit by digit, where JSON and CSV leave no choice."""

import csv
import decimal
import io
import json
import re

import arrow
import pyarrow.parquet as pq

csv.field_size_limit(1 << 30)
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d*[1-9])?")
# What a number may be written like so that a float shows each of its digits: without zeros at its end.
KEPT = re.compile(r"-?\d+(\.0|\.\d*[1-9])?|.*[eE].*")
TYPED = re.compile(r"-?\d+(\.\d+)?|true|false|\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z?)")


class Number(str):
    """A number of JSON with the characters that it is written with."""


def number(value):
    try:
        return decimal.Decimal(value)
    except decimal.InvalidOperation:
        return None


def moment(text):
    found = MOMENT.fullmatch(text)
    if not found:
        return text
    day, time, fraction, zone = found.groups()
    return f"{day}T{time}{(fraction or '').rstrip('0').rstrip('.')}{zone}"


def same(wanted, found):
    if wanted is None or found is None:
        return wanted is found
    if isinstance(wanted, bool) or isinstance(found, bool):
        return json.dumps(found) == (wanted if isinstance(wanted, str) else json.dumps(wanted))
    if isinstance(wanted, dict):
        if not wanted and found == "{}":
            return True
        return isinstance(found, dict) and set(wanted) <= set(found) and all(same(wanted.get(key), found[key]) for key in found)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(same, wanted, found))
    if isinstance(found, (dict, list)):
        return False
    if isinstance(wanted, Number) and isinstance(found, Number):
        signs = wanted.startswith("-") == found.startswith("-")
        return signs and number(wanted) == number(found) and KEPT.fullmatch(wanted) is not None
    if isinstance(found, Number):
        return NUMBER.fullmatch(wanted) is not None and number(wanted) == number(found)
    return str(wanted) == str(found) or not isinstance(wanted, Number) and moment(wanted) == moment(found)


def in_csv(wanted, found):
    """The same, where CSV has texts alone."""
    if wanted is None:
        return found == ""
    if isinstance(wanted, bool):
        return found == json.dumps(wanted)
    if isinstance(wanted, (dict, list)):
        return same(wanted, json.loads(found, parse_float=Number, parse_int=Number)) if found else False
    if same(wanted, found):
        return True
    is_number = isinstance(wanted, Number) or NUMBER.fullmatch(wanted)
    return bool(is_number) and number(found) is not None and same(wanted, Number(found))


def rows_of(path):
    """The columns, where the file names them, and the rows of a result."""
    text = lambda: path.read_bytes().decode()
    load = lambda line: json.loads(line, parse_float=Number, parse_int=Number)
    if path.suffix == ".json":
        rows = load(text())
    elif path.suffix == ".ndjson":
        rows = [load(line) for line in text().split("\n") if line]
    elif path.suffix == ".csv":
        lines = list(csv.reader(io.StringIO(text(), newline="")))
        return lines[0], [line or [""] for line in lines[1:]]
    else:
        found = pq.read_table(path)
        columns = [[arrow.form(value) for value in column] for column in found.columns]
        rows = json.dumps([list(row) for row in zip(*columns)] if columns else [])
        return found.column_names, load(rows)
    columns = list(rows[0]) if rows else None
    return columns, [list(row.values()) for row in rows]


def wanted(item):
    """A value of a table as `jsons.plain` has written it."""
    if isinstance(item, dict):
        return Number(item["number"]) if "number" in item else {key: wanted(one) for key, one in item["object"]}
    return [wanted(one) for one in item] if isinstance(item, list) else item


def differs(table, path):
    """What is wrong with a result, if anything is."""
    columns, rows = rows_of(path)
    if columns is not None and columns != table["columns"]:
        return {"columns": columns, "not": table["columns"]}
    if len(rows) != len(table["rows"]):
        return {"rows": len(rows), "not": len(table["rows"])}
    compare = in_csv if path.suffix == ".csv" else same
    for at, name in enumerate(table["columns"]):
        cells = [row[at] for row in table["rows"]]
        # The empty text is NULL in a column of numbers, days or booleans.
        typed = all(cell in (None, "") or not isinstance(cell, (bool, dict, list)) and TYPED.fullmatch(cell) for cell in cells)
        typed = typed and any(cells)
        for line, (cell, row) in enumerate(zip(cells, rows)):
            if not compare(cell, row[at]) and not (typed and cell == "" and row[at] is None):
                return {"column": name, "row": line, "is": row[at], "not": cell}
    return None
