"""Random tables as CSV. What they hold is what was given to the writers."""

import csv
import io

import duckdb
import pandas
from cells import encoded, null_text, put, table

def has_lines(cells):
    """With few quotes, the csv module leaves out those around the line ends that are not its own."""
    return any(set(cell) & set("\r\n") for cell in cells)


def by_csv(rand, path):
    """The csv module of Python."""
    columns, rows = table(rand)
    options = {}
    delimiter = rand.choice(",;\t|:^~")
    quote = rand.choice("\"'\"`")
    quoting = rand.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
    cells = [*columns, *(cell for row in rows for cell in row if cell is not None)]
    if quoting == csv.QUOTE_NONE:
        if any(set(cell) & set(f"{delimiter}\r\n") for cell in cells) or len(columns) == 1:
            quoting = csv.QUOTE_ALL
        else:
            options["quote"] = ""
    if quoting == csv.QUOTE_MINIMAL and has_lines(cells):
        quoting = csv.QUOTE_ALL
    escape = None
    if quoting == csv.QUOTE_ALL and rand.random() < 0.3:
        escape = options["escape"] = "\\"
    # Only quotes around other fields tell an empty text from NULL, and the csv module writes none.
    null = null_text(rand, rows)
    if null is not None:
        options["null_values"] = [null]
    options["delimiter"] = delimiter
    if quoting != csv.QUOTE_NONE:
        options["quote"] = quote
    encoding = encoded(rand, columns, rows, options)
    lines = rand.choice(["\n", "\r\n", "\r"])
    text = io.StringIO()
    dialect = {"delimiter": delimiter, "quoting": quoting, "lineterminator": lines}
    dialect |= {"quotechar": quote} if quoting != csv.QUOTE_NONE else {"quotechar": None}
    dialect |= {"escapechar": escape, "doublequote": escape is None}
    writer = csv.writer(text, **dialect)
    writer.writerow(columns)
    writer.writerows([null if cell is None and null is not None else cell for cell in row] for row in rows)
    wanted = rows
    if null is None:
        # NULL and the empty text are one in such a file: with quotes a text, without NULL.
        kept = "" if quoting == csv.QUOTE_ALL or len(columns) == 1 and quoting == csv.QUOTE_MINIMAL else None
        wanted = [[kept if cell in (None, "") else cell for cell in row] for row in rows]
    text = text.getvalue()
    if rand.random() < 0.2:
        # The end of the last line may be missing.
        text = text[: -len(lines)] if rows else text
        if rows and len(columns) == 1 and (rows[-1][0] in (None, "")) and not text.endswith((quote, null or quote)):
            wanted = wanted[:-1]
    path = put(rand, path.with_suffix(".csv"), text, encoding)
    how = f"csv.writer({dialect}), {encoding}"
    return path, options, columns, wanted, how


def by_pandas(rand, path):
    """pandas, with columns of texts."""
    columns, rows = table(rand)
    options = {"delimiter": rand.choice(",;\t|")}
    null = null_text(rand, rows) or "<NA>"
    options["null_values"] = [null]
    quoting = rand.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
    if quoting == csv.QUOTE_MINIMAL and has_lines([cell for row in rows for cell in row if cell is not None]):
        quoting = csv.QUOTE_ALL
    encoding = rand.choice(["utf-8", "utf-8-sig", "utf-16"])
    lines = rand.choice(["\n", "\r\n"])
    packing = rand.choice([None, "gzip"])
    path = path.with_suffix(".csv.gz" if packing else ".csv")
    frame = pandas.DataFrame(rows, columns=columns, dtype=object)
    dialect = {"sep": options["delimiter"], "na_rep": null, "quoting": quoting, "lineterminator": lines, "encoding": encoding}
    frame.to_csv(path, index=False, compression=packing, **dialect)
    return path, options, columns, rows, f"pandas.to_csv({dialect}, {packing})"


def by_duckdb(rand, path):
    """DuckDB's COPY."""
    columns, rows = table(rand)
    lower = [name.lower() for name in columns]
    # DuckDB has one name for `id` and `Id`.
    if len(set(lower)) < len(lower):
        columns = [f"c{at}" for at in range(len(columns))]
    options = {"delimiter": rand.choice(",;|\t")}
    null = null_text(rand, rows)
    packing = rand.choice(["none", "gzip", "zstd"])
    path = path.with_suffix({"none": ".csv", "gzip": ".csv.gz", "zstd": ".csv.zst"}[packing])
    quote = rand.choice("\"'")
    settings = [f"DELIMITER '{options['delimiter']}'", "HEADER", f"COMPRESSION {packing}"]
    settings.append("QUOTE '" + quote.replace("'", "''") + "'")
    settings.append("ESCAPE '" + quote.replace("'", "''") + "'")
    options["quote"] = quote
    if null is not None:
        options["null_values"] = [null]
        settings.append(f"NULLSTR '{null}'")
    if rand.random() < 0.3 and null is None:
        settings.append("FORCE_QUOTE *")
    database = duckdb.connect()
    fields = ", ".join('"' + name.replace('"', '""') + '" VARCHAR' for name in columns)
    database.execute(f"CREATE TABLE t ({fields})")
    if rows:
        database.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(columns))})", rows)
    database.execute(f"COPY t TO '{path}' ({', '.join(settings)})")
    return path, options, columns, rows, f"DuckDB: COPY TO ({', '.join(settings)})"
