"""Compares the values of docs/data-functions.md with those of DuckDB and PostgreSQL.

usage: verify.py PAGE [CONNECTION]    (pip install duckdb; psql on the PATH)

Each example of the page has a value. It must be the value of DuckDB or of PostgreSQL, whichever has the function;
examples that neither of them runs are listed. `--write` puts the values that they agree on into the page instead.
"""

import datetime
import decimal
import json
import re
import subprocess
import sys

import duckdb

# Where the step has its own form, or a system reads the example in another way.
OWN = ["typeof", "typeof, pg_typeof", "age", "decode", "date + interval", "date_add"]

TABLE = """(VALUES (1, 'x', 1, 1.50, 'a', DATE '2026-01-01'), (2, 'x', 3, 2.25, 'b', DATE '2026-01-02'),
(3, 'y', NULL, NULL, 'b', DATE '2026-01-03'), (4, 'y', 4, 0.25, NULL, DATE '2026-01-05')) AS t(id, g, v, d, s, f)"""


def examples(page):
    """Name, example and value of each row of a table with these columns."""
    wanted = False
    for number, line in enumerate(page.splitlines()):
        if not line.startswith("|"):
            wanted = False
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[1:] == ["Example", "Value"]:
            wanted = True
        elif wanted and not cells[0].startswith("---"):
            yield number, cells[0], cells[1].strip("`"), cells[2].strip("`")


def query(example):
    if re.match(r"(SELECT|WITH|FROM) ", example):
        return f"SELECT * FROM ({example}) AS q"
    bare = re.sub(r"'[^']*'", "", example)
    return f"SELECT {example} AS r" + (" FROM t" if re.search(r"\b(id|[gvdsf])\b|count\(\*\)", bare) else "")


def shown(value):
    """A value as the step shows it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
    return str(value)


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return shown(value)


def same(left, right):
    if left == right:
        return True
    try:
        return abs(decimal.Decimal(left) - decimal.Decimal(right)) < decimal.Decimal("1e-12")
    except decimal.InvalidOperation:
        pass
    # A moment at midnight, and how systems write truth, moments and lists.
    loose = lambda text: re.sub(r"T00:00:00$|\+00(:00)?$|(?<=\.5)0+$", "", text.replace(" ", "T").replace("{", "[").replace("}", "]").replace('"', "").lower())
    if loose(left) == loose(right):
        return True
    return {left.lower(), right.lower()} in ({"t", "true"}, {"f", "false"}, {"", "null"})


def main():
    path = sys.argv[1]
    connection = next((arg for arg in sys.argv[2:] if not arg.startswith("--")), "postgresql://postgres@127.0.0.1/postgres")
    page = open(path, encoding="utf-8").read()
    duck = duckdb.connect()
    duck.execute("SET TimeZone = 'UTC'")
    duck.execute(f"CREATE TABLE t AS SELECT * FROM {TABLE}")
    lines = page.splitlines()
    wrong, alone, agreed = [], [], 0
    for number, name, example, value in examples(page):
        found = {}
        try:
            rows = duck.execute(query(example)).fetchall()
            found["DuckDB"] = shown(rows[0][0]) if len(rows) == 1 and len(rows[0]) == 1 else shown([list(row) if len(row) > 1 else row[0] for row in rows])
        except duckdb.Error:
            pass
        told = subprocess.run(
            ["psql", connection, "-XAtqc", f"SET TimeZone = 'UTC'; CREATE TEMP TABLE t AS SELECT * FROM {TABLE}; {query(example)}"],
            capture_output=True, text=True,
        )
        if told.returncode == 0:
            rows = told.stdout.rstrip("\n").split("\n")
            found["PostgreSQL"] = rows[0] if len(rows) == 1 else shown([row.split("|") if "|" in row else row for row in rows])
        if "--write" in sys.argv and value in ("", "?") and found:
            value = next(iter(found.values()))
            lines[number] = lines[number].rsplit("|", 2)[0] + f"| `{value}` |"
        if not found or name in OWN or "'%d.%m.%Y'" in example and "DuckDB" not in found:
            alone.append(f"{name}: {example} -> {value}")
        elif any(same(value, other) for other in found.values()):
            agreed += 1
        else:
            wrong.append(f"{name}: {example} -> {value}, but {found}")
    if "--write" in sys.argv:
        open(path, "w", encoding="utf-8").write("\n".join(lines) + "\n")
    print(f"{agreed} examples have the value of DuckDB or PostgreSQL; {len(alone)} run in neither:")
    print("\n".join(alone))
    if wrong:
        sys.exit("these differ:\n" + "\n".join(wrong))


main()
