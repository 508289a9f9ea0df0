"""Values in the form that docs/values.md gives them, made by Python alone."""

import datetime
import decimal
import math

EXACT = 2**53


def number(value):
    """A float as JSON has it: NaN and the infinities are text."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def fraction(value, digits):
    """The part of a second below the point, without zeros at its end."""
    text = f"{value:0{digits}d}".rstrip("0")
    return f".{text}" if text else ""


def day(days):
    """A date, given in days since 1970. Years are those of the calendar that Python extrapolates, by cycles of 400 years."""
    cycles, rest = divmod(days + 719_162, 146_097)
    found = datetime.date(1, 1, 1) + datetime.timedelta(days=rest)
    year = found.year + cycles * 400
    era, shown = ("", year) if year > 0 else (" BC", 1 - year)
    return f"{shown:04d}-{found.month:02d}-{found.day:02d}", era


def clock(parts, per_second):
    """A time of day, given in parts of a second."""
    seconds, rest = divmod(parts, per_second)
    digits = len(str(per_second)) - 1
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + (fraction(rest, digits) if digits else "")


def moment(parts, per_second, zone):
    """A timestamp, given in parts of a second since 1970."""
    days, rest = divmod(parts, 86_400 * per_second)
    date, era = day(days)
    return f"{date}T{clock(rest, per_second)}{'Z' if zone else ''}{era}"


def plain(value):
    """A value of a row of Python: what needs no type to be told."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
