"""Columns of Arrow in the form that docs/values.md gives them, read by pyarrow from the bits of each value."""

import canon
import numpy
import pyarrow as pa
from pyarrow import types

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def integer(scalar):
    """The number behind a scalar of a time."""
    kind = pa.int32() if scalar.type.bit_width == 32 else pa.int64()
    return pa.array([scalar], type=scalar.type).view(kind)[0].as_py()


def form(scalar):
    """One scalar as JSON."""
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if types.is_dictionary(kind):
        return form(scalar.value)
    if types.is_null(kind):
        return None
    if types.is_date32(kind):
        return "".join(canon.day(integer(scalar)))
    if types.is_date64(kind):
        return "".join(canon.day(integer(scalar) // 86_400_000))
    if types.is_time(kind):
        return canon.clock(integer(scalar), PER_SECOND[kind.unit])
    if types.is_timestamp(kind):
        return canon.moment(integer(scalar), PER_SECOND[kind.unit], kind.tz is not None)
    if types.is_duration(kind):
        return duration(integer(scalar), PER_SECOND[kind.unit])
    if types.is_float16(kind) or types.is_float32(kind):
        # The shortest digits that 32 bits have.
        return canon.number(float(numpy.format_float_scientific(numpy.float32(scalar.as_py()))))
    if types.is_map(kind):
        pairs = [(str(form(pair["key"])), form(pair["value"])) for pair in scalar.values]
        names = [name for name, _ in pairs]
        # Where JSON has no place for a key that appears twice.
        return dict(pairs) if len(set(names)) == len(names) else [list(pair) for pair in pairs]
    if types.is_struct(kind):
        return {field.name: form(scalar[at]) for at, field in enumerate(kind)}
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind) or "list_view" in str(kind):
        return [form(item) for item in scalar.values]
    return canon.plain(scalar.as_py())


def duration(parts, per_second):
    """ISO 8601: seconds alone."""
    sign = "-" if parts < 0 else ""
    seconds, rest = divmod(abs(parts), per_second)
    digits = len(str(per_second)) - 1
    return f"{sign}PT{seconds}{canon.fraction(rest, digits) if digits else ''}S"
