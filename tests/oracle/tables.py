"""Random tables as files in random dialects, written by the csv module, the json module, pandas, DuckDB and pyarrow.

tables.py write SEED COUNT DIRECTORY    writes `N.*` into DIRECTORY, and prints a line of JSON for each: how it was written, and
                                        the input for `data_processing`
tables.py check DIRECTORY RESULTS       compares the files `N.*` of RESULTS with the tables, and prints what differs
tables.py read FILE                     prints the rows of a file, numbers as text
"""

import json
import pathlib
import random
import sys

import csvs
import jsons
import parquets
import results

WRITERS = [csvs.by_csv, csvs.by_csv, csvs.by_pandas, csvs.by_duckdb, jsons.by_json, jsons.by_pandas, jsons.by_duckdb]
WRITERS += [parquets.by_arrow, parquets.by_duckdb]
SINKS = ["json", "csv", "ndjson", "parquet"]


def write(seed, count, directory):
    tables = []
    for number in range(count):
        rand = random.Random(f"{seed}-{number}")
        writer = rand.choice(WRITERS)
        path, options, columns, rows, how = writer(rand, directory / str(number))
        sink = rand.choice(SINKS)
        tables.append({"number": number, "file": path.name, "columns": columns, "rows": rows, "how": how, "sinks": [sink], "options": options})
        print(json.dumps({"number": number, "sink": sink, "input": {"path": f"/in/{path.name}", **options}}))
    (directory / "tables.json").write_text(json.dumps(tables))


def check(directory, found):
    for table in json.loads((directory / "tables.json").read_text()):
        table["rows"] = [[results.wanted(cell) for cell in row] for row in table["rows"]]
        for sink in table["sinks"]:
            path = found / f"{table['number']}.{sink}"
            try:
                why = results.differs(table, path) if path.exists() else None
            except (ValueError, OSError) as error:
                why = f"cannot be read: {error}"
            if why:
                told = {key: table[key] for key in ("number", "file", "how", "options")}
                print(json.dumps({**told, "sink": sink, "why": why}, default=str))


def read(path):
    columns, rows = results.rows_of(path)
    for row in rows:
        print(json.dumps(row))


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4]))
elif sys.argv[1] == "read":
    read(pathlib.Path(sys.argv[2]))
else:
    check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
