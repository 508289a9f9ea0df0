"""Random tables as Parquet. What they hold is what pyarrow reads, from the bits of each value."""

import decimal
import json

import arrow
import cells
import duckdb
import jsons
import pyarrow as pa
import pyarrow.parquet as pq
import results

KINDS = [pa.int8(), pa.int32(), pa.int64(), pa.uint8(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_()]
KINDS += [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.binary(3), pa.date32(), pa.time32("ms"), pa.time64("ns")]
KINDS += [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC", "Europe/Berlin")]
KINDS += [pa.decimal128(10, 2), pa.decimal128(38, 10), pa.decimal256(50, 5), pa.duration("us")]


def value(rand, kind):
    """One value of a type."""
    types = pa.types
    if rand.random() < 0.2:
        return None
    if types.is_integer(kind):
        signed = types.is_signed_integer(kind)
        low, high = (-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1) if signed else (0, 2**kind.bit_width - 1)
        return rand.choice([low, high, rand.randint(low, high)])
    if types.is_floating(kind):
        return rand.choice([rand.random(), -0.0, 1.0, 1e30, float("nan"), float("-inf"), rand.random() * 1e-20])
    if types.is_boolean(kind):
        return rand.random() < 0.5
    if types.is_decimal(kind):
        return decimal.Decimal(rand.randint(-(10**kind.precision) + 1, 10**kind.precision - 1)).scaleb(-kind.scale, decimal.Context(prec=99))
    if types.is_fixed_size_binary(kind):
        return rand.randbytes(kind.byte_width)
    if types.is_binary(kind):
        return rand.randbytes(rand.randint(0, 5))
    if types.is_string(kind) or types.is_large_string(kind) or kind == pa.string_view():
        return rand.choice([*cells.TEXTS, *cells.PARTS, ""])
    if types.is_list(kind):
        return [value(rand, kind.value_type) for _ in range(rand.randint(0, 3))]
    if types.is_struct(kind):
        return {field.name: value(rand, field.type) for field in kind}
    raise ValueError(kind)


def array(rand, kind, count):
    types = pa.types
    if types.is_temporal(kind):
        top = {"date32": 2**31 - 1, "time32": 86_399_999, "time64": 86_399_999_999_999}.get(str(kind).split("[")[0], 2**62)
        if types.is_timestamp(kind) and kind.unit == "s":
            top //= 10_000  # Files have milliseconds at most.
        low = 0 if types.is_time(kind) else -top
        numbers = [rand.choice([None, 0, rand.randint(low, top), rand.randint(0, min(top, 2 * 10**9))]) for _ in range(count)]
        return pa.array(numbers, type=pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    return pa.array([value(rand, kind) for _ in range(count)], type=kind)


def read(path):
    table = pq.read_table(path)
    columns = [[arrow.form(item) for item in column] for column in table.columns]
    rows = json.loads(json.dumps([list(row) for row in zip(*columns)]), parse_float=results.Number, parse_int=results.Number)
    return table.column_names, [[jsons.plain(item) for item in row] for row in rows]


def by_arrow(rand, path):
    """pyarrow."""
    kinds = rand.sample(KINDS, rand.randint(1, 6))
    if rand.random() < 0.4:
        plain = [kind for kind in KINDS if not pa.types.is_temporal(kind)]
        kinds.append(pa.list_(rand.choice(plain)))
        kinds.append(pa.struct([("a", rand.choice(plain)), ("B", pa.list_(rand.choice(plain)))]))
    count = rand.choice([0, 1, 5, 200])
    names = cells.names(rand, len(kinds))
    columns = [array(rand, kind, count) for kind in kinds]
    columns = [column.dictionary_encode() if column.type == pa.string() and rand.random() < 0.5 else column for column in columns]
    options = {
        "compression": rand.choice(["none", "snappy", "gzip", "zstd", "lz4"]),
        "version": "2.6" if any("[ns" in str(kind) for kind in kinds) else rand.choice(["1.0", "2.4", "2.6"]),
        "data_page_version": rand.choice(["1.0", "2.0"]),
        "use_dictionary": rand.random() < 0.5,
        "row_group_size": 1000 if any("view" in str(kind) for kind in kinds) else rand.choice([3, 1000]),
        "write_statistics": rand.random() < 0.5,
        "store_schema": rand.random() < 0.7,
        "coerce_timestamps": None,
        "write_page_checksum": rand.random() < 0.3,
    }
    path = path.with_suffix(".parquet")
    pq.write_table(pa.table(dict(zip(names, columns))), path, **options)
    names, rows = read(path)
    return path, {}, names, rows, f"pyarrow: {[str(kind) for kind in kinds]}, {options}"


DUCKDB = ["i::TINYINT", "(i * 1000000007)::BIGINT", "i::UBIGINT", "(i / 7)::DOUBLE", "(i / 7)::REAL", "(i / 7)::DECIMAL(18,5)"]
DUCKDB += ["(i / 7)::DECIMAL(38,10)", "i % 2 = 0", "CASE WHEN i % 3 = 0 THEN NULL ELSE 'ä' || i END", "DATE '2026-03-01' + i::INT"]
DUCKDB += ["TIMESTAMP '2026-03-01 12:00:00.123456' + INTERVAL (i) HOUR", "TIMESTAMPTZ '2026-03-01 12:00:00+05' + INTERVAL (i) HOUR"]
DUCKDB += ["TIME '12:00:00.5'", "'\\x00ff'::BLOB", "[i, NULL]", "{'a': i, 'b': [i::VARCHAR]}", "MAP {'k': i}", "TIMESTAMP_NS '2026-03-01 12:00:00.123456789'"]
DUCKDB += ["('a' || (i % 3))::ENUM('a0', 'a1', 'a2')", "TIMESTAMP_S '2026-03-01 12:00:00'", "CASE WHEN i = 1 THEN 'infinity'::DOUBLE ELSE 'nan'::DOUBLE END"]


def by_duckdb(rand, path):
    """DuckDB's COPY."""
    chosen = rand.sample(DUCKDB, rand.randint(1, 6))
    path = path.with_suffix(".parquet")
    packing = rand.choice(["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"])
    version = rand.choice(["V1", "V2"])
    fields = ", ".join(f"{expression} AS c{at}" for at, expression in enumerate(chosen))
    options = f"FORMAT parquet, COMPRESSION {packing}, PARQUET_VERSION {version}"
    duckdb.execute(f"COPY (SELECT {fields} FROM range({rand.choice([0, 1, 50])}) t(i)) TO '{path}' ({options})")
    names, rows = read(path)
    return path, {}, names, rows, f"DuckDB: COPY TO ({options}) of {chosen}"
