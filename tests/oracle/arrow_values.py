"""The types of Arrow with their edge values."""

import datetime
import decimal

import arrow
import pyarrow as pa

D = decimal.Decimal


def ints(bits, signed=True):
    return [0, 1, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1] if signed else [0, 1, 2**bits - 1]


def raw(kind, numbers):
    """Times, given by the numbers behind them: Python's own types end at the year 9999."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.array(numbers, type=width).view(kind)


def cases():
    yield "null", pa.array([None, None], type=pa.null())
    yield "boolean", pa.array([True, False, None])
    for bits in (8, 16, 32, 64):
        yield f"int{bits}", pa.array([*ints(bits), None], type=getattr(pa, f"int{bits}")())
        yield f"uint{bits}", pa.array([*ints(bits, False), None], type=getattr(pa, f"uint{bits}")())
    yield "int64 beyond 2^53", pa.array([2**53, 2**53 + 1, -(2**53) - 1], type=pa.int64())
    floats = [0.0, -0.0, 0.1, 1.0, 1.5, float("nan"), float("inf"), float("-inf"), None]
    yield "float16", pa.array([*floats, 65504.0], type=pa.float16())
    yield "float32", pa.array([*floats, 16777217.0, 3.4028235e38, 1e-45], type=pa.float32())
    yield "float64", pa.array([*floats, 1e300, 5e-324, 1e16, 1e-7, 123456789.12345679], type=pa.float64())
    yield "decimal32", pa.array([D("-1234567.89"), D("0.00"), D("1.50"), None], type=pa.decimal32(9, 2))
    yield "decimal64", pa.array([D("-1234567890.12345678"), D("0.00000001"), None], type=pa.decimal64(18, 8))
    yield "decimal128", pa.array(
        [D("-" + "9" * 36 + ".99"), D("0.00"), D("-0.01"), D("1.50"), None], type=pa.decimal128(38, 2)
    )
    yield "decimal128 without places", pa.array([D("9" * 38), D("0"), None], type=pa.decimal128(38, 0))
    yield "decimal128 of places alone", pa.array([D("0." + "0" * 37 + "1"), D("0"), None], type=pa.decimal128(38, 38))
    yield "decimal256", pa.array([D("-" + "9" * 46 + "." + "9" * 30), D("1." + "0" * 30), None], type=pa.decimal256(76, 30))
    days = [0, -1, 20_513, 2_932_896, 2_932_897, -719_162, -719_163, -1_000_000, 2**31 - 1, -(2**31), None]
    yield "date32", raw(pa.date32(), days)
    yield "date64", raw(pa.date64(), [None if day is None else day * 86_400_000 for day in days[:6]])
    yield "time32 (s)", raw(pa.time32("s"), [0, 86_399, 45_045, None])
    yield "time32 (ms)", raw(pa.time32("ms"), [0, 86_399_999, 45_045_500, None])
    yield "time64 (us)", raw(pa.time64("us"), [0, 86_399_999_999, 45_045_500_000, 1, None])
    yield "time64 (ns)", raw(pa.time64("ns"), [0, 86_399_999_999_999, 45_045_500_000_000, 1, None])
    for unit, per_second in arrow.PER_SECOND.items():
        at = [0, -1, 1_772_366_400 * per_second, 1_772_366_400 * per_second + per_second // 2, None]
        far = [2**63 - 1, -(2**63) + 1] if unit in ("us", "ns") else [253_402_300_800 * per_second, -62_135_596_801 * per_second]
        yield f"timestamp ({unit})", raw(pa.timestamp(unit), at + far)
        yield f"timestamp ({unit}, UTC)", raw(pa.timestamp(unit, "UTC"), at + far)
    for zone in ("Europe/Berlin", "+05:30", "-08:00", "America/New_York", "Etc/GMT+5"):
        yield f"timestamp (us, {zone})", raw(pa.timestamp("us", zone), [0, 1_772_366_400_123_456, 253_402_300_799_999_999, None])
    for unit, per_second in arrow.PER_SECOND.items():
        yield f"duration ({unit})", raw(pa.duration(unit), [0, 3 * per_second, -90 * per_second - 1, 2**53, None])
    texts = ["", "ä😀", "00123", " padded ", 'two\nlines, "quoted"', "NULL", "\ufeffmark", "a\x00b", "1e3", "e\u0301", None]
    yield "utf8", pa.array(texts, type=pa.string())
    yield "large utf8", pa.array(texts, type=pa.large_string())
    yield "utf8 view", pa.array(texts, type=pa.string_view())
    blobs = [b"", b"\x00\xff", b"text", None]
    yield "binary", pa.array(blobs, type=pa.binary())
    yield "large binary", pa.array(blobs, type=pa.large_binary())
    yield "binary view", pa.array(blobs, type=pa.binary_view())
    yield "fixed size binary", pa.array([b"\x00\xff", b"ab", None], type=pa.binary(2))
    yield "dictionary", pa.array(["b", "a", "b", "", None]).dictionary_encode()
    yield "dictionary of numbers", pa.array([2**60, 7, 2**60, None], type=pa.int64()).dictionary_encode()
    yield "list", pa.array([[1, None, 3], [], None], type=pa.list_(pa.int64()))
    yield "list of decimals", pa.array([[D("1.50"), None], [D("0.00")]], type=pa.list_(pa.decimal128(10, 2)))
    yield "list of lists", pa.array([[["a"], [], None], [["00", ""]]], type=pa.list_(pa.list_(pa.string())))
    yield "large list", pa.array([[2**60], [], None], type=pa.large_list(pa.int64()))
    yield "fixed size list", pa.array([[1.5, 2.0], [0.1, None], None], type=pa.list_(pa.float64(), 2))
    yield "list view", pa.array([["a", None], [], None], type=pa.list_view(pa.string()))
    yield "struct", pa.array(
        [{"Key": 1, "a b": "x", "n": {"d": D("1.50")}}, {"Key": None, "a b": None, "n": None}, None],
        type=pa.struct([("Key", pa.int64()), ("a b", pa.string()), ("n", pa.struct([("d", pa.decimal128(10, 2))]))]),
    )
    yield "list of structs", pa.array([[{"t": datetime.date(2026, 3, 1)}], []], type=pa.list_(pa.struct([("t", pa.date32())])))
    yield "map", pa.array([[("b", 1), ("a", None)], [], None], type=pa.map_(pa.string(), pa.int64()))
    yield "map of numbers", pa.array([[(2**60, b"\x00")]], type=pa.map_(pa.int64(), pa.binary()))
    yield "map with a key that appears twice", pa.array([[("a", 1), ("a", 2)]], type=pa.map_(pa.string(), pa.int64()))
