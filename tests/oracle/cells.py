"""What random tables are made of."""

import pyarrow as pa

TEXTS = ["x", "ä", "😀 e\u0301", "NULL", "null", " padded ", "007", "+1", "1e3", "0x1F", "1_000", "-0", "TRUE", "NO", "nan", "Inf"]
TEXTS += ["#", "--", "=1+1", "a\tb", "\ufeff", "\u2028", "\u00a0", "'", "`", "\\", "\\n", "$", "1,5", "1.5.2", "12:30", "2026-02-30", "0000-01-01"]
PARTS = ['"', '""', "\n", "\r\n", "\r", ",", ";", "|", "\t", "'", "\\", "\\\"", " ", "a", "ö"]
LATIN = {"windows-1252": "cp1252", "iso-8859-1": "latin-1", "iso-8859-15": "iso8859-15", "iso-8859-2": "iso8859-2"}


def digits(rand, count):
    return "".join(rand.choice("0123456789") for _ in range(count))


def whole(rand):
    return rand.choice([str(rand.randint(-9, 9)), str(rand.randint(-(2**63), 2**63 - 1)), str(2**53 + 1), str(rand.randint(-(10**6), 10**6))])


def column(rand):
    """A function that makes the texts of a column."""
    scale = rand.randint(1, 6)
    kinds = {
        "whole": lambda: whole(rand),
        "huge": lambda: rand.choice(["", "-"]) + rand.choice("123456789") + digits(rand, rand.randint(18, 45)),
        "decimal": lambda: f"{rand.choice(['', '-'])}{rand.randint(1, 10**rand.randint(1, 20))}.{digits(rand, scale)}",
        "number": lambda: f"{rand.randint(-999, 999)}.{digits(rand, rand.randint(1, 18))}",
        "short": lambda: rand.choice([str(rand.randint(-99, 99)), repr(rand.randint(1, 99) / 8), repr(rand.randint(1, 9999) / 10000)]),
        "exponent": lambda: rand.choice(["1e3", "-2.5E-7", "1e400", repr(rand.random() * 1e-9)]),
        "zeros": lambda: digits(rand, rand.randint(1, 7)),
        "boolean": lambda: rand.choice(["true", "false"]),
        "mixed case": lambda: rand.choice(["true", "false", "True", "FALSE"]),
        "day": lambda: f"{rand.randint(1, 9999):04d}-{rand.randint(1, 12):02d}-{rand.randint(1, 28):02d}",
        "moment": lambda: f"{rand.randint(1, 9999):04d}-{rand.randint(1, 12):02d}-{rand.randint(1, 28):02d}{rand.choice('T ')}{rand.randint(0, 23):02d}:00:{rand.randint(0, 59):02d}{rand.choice(['', '.5', '.123456', '.120', '.1234567'])}",
        "utc": lambda: f"2026-{rand.randint(1, 12):02d}-01T00:00:{rand.randint(0, 59):02d}Z",
        "text": lambda: rand.choice(TEXTS),
        "parts": lambda: "".join(rand.choice(PARTS) for _ in range(rand.randint(1, 6))),
        "any": lambda: rand.choice([whole(rand), rand.choice(TEXTS), "", "1.50", "x"]),
        "nothing": lambda: None,
    }
    make = kinds[rand.choice(list(kinds))]
    empty = rand.choice([0, 0, 0.1, 0.5])
    return lambda: None if rand.random() < empty else make()


def names(rand, count):
    pool = ["id", "Id", "a b", "größe", "from", "x.y", 'q"q', "x,y", "a;b", "2", "NULL", "select", "a'b", "日本", "_", "Total €"]
    return rand.sample(pool, count)


def table(rand):
    count = rand.randint(1, 6)
    columns = [column(rand) for _ in range(count)]
    rows = [[make() for make in columns] for _ in range(rand.choice([0, 1, 2, 5, 30]))]
    return names(rand, count), rows


def can(encoding, names, rows):
    try:
        "".join([*names, *(cell or "" for row in rows for cell in row)]).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def encoded(rand, names, rows, options):
    """The name of an encoding for Python, and what the step is told."""
    latin = [name for name in LATIN if can(LATIN[name], names, rows)]
    kind = rand.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", *latin[:2]])
    if kind in LATIN:
        options["encoding"] = kind
        return LATIN[kind]
    if kind in ("utf-16-le", "utf-16-be"):
        options["encoding"] = kind.replace("16-", "16")
    return kind


def put(rand, path, text, encoding):
    """Writes a text, packed or not; the path of the file."""
    data = text.encode(encoding)
    packing = rand.choice([None, None, "gzip", "zstd"])
    if packing is None:
        path.write_bytes(data)
        return path
    path = path.with_name(path.name + {"gzip": ".gz", "zstd": ".zst"}[packing])
    with pa.CompressedOutputStream(str(path), packing) as file:
        file.write(data)
    return path


def null_text(rand, rows):
    """A text for NULL that no cell has, or none."""
    text = rand.choice([None, "NA", "\\N", "-", "<null>"])
    return None if any(cell == text for row in rows for cell in row) else text
