"""Turns JSON values into models: unknown fields stay in `raw`, and a wrong shape is an error with its place."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from .errors import UnexpectedAnswerError

M = TypeVar("M", bound="Model")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Model:
    """An object of an answer.

    `raw` is the object as the service sent it, with the fields that this version of the client does not know.
    """

    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, str, Any, bool], ...]:
    """Returns the attribute, the JSON name, the type and whether it is required, of each field."""
    hints = typing.get_type_hints(kind)
    found = []
    for field in dataclasses.fields(kind):
        if field.name == "raw":
            continue
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        found.append((field.name, field.name.rstrip("_"), hints[field.name], required))
    return tuple(found)


def model(kind: type[M], value: Any, place: str = "") -> M:
    """Reads a model from a JSON value."""
    if not isinstance(value, Mapping):
        raise _unexpected(place, "an object", value)
    values: dict[str, Any] = {}
    of: Any = kind
    for name, key, hint, required in _fields(of):
        if key in value:
            values[name] = decode(hint, value[key], f"{place}/{key}")
        elif required:
            raise UnexpectedAnswerError(f"the answer lacks `{place}/{key}` (of {kind.__name__})")
    return kind(**values, raw=dict(value))


def decode(hint: Any, value: Any, place: str = "") -> Any:
    """Reads a value of a type: a scalar, a time, a model, or a list, a mapping or an option of such."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        inner = next(argument for argument in arguments if argument is not type(None))
        return decode(inner, value, place)
    if origin is list:
        if not isinstance(value, list):
            raise _unexpected(place, "a list", value)
        return [decode(arguments[0], item, f"{place}/{i}") for i, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, Mapping):
            raise _unexpected(place, "an object", value)
        return {str(key): decode(arguments[1], item, f"{place}/{key}") for key, item in value.items()}
    if isinstance(hint, type) and issubclass(hint, Model):
        return model(hint, value, place)
    return _scalar(hint, value, place)


def _scalar(hint: Any, value: Any, place: str) -> Any:
    if hint is datetime:
        return _time(value, place)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    # `bool` is a subclass of `int`.
    if isinstance(value, hint) and not (hint is int and isinstance(value, bool)):
        return value
    raise _unexpected(place, f"`{hint.__name__}`", value)


def _time(value: Any, place: str) -> datetime:
    if isinstance(value, str):
        try:
            # Python 3.10 reads neither `Z` nor fractions of other lengths than three and six digits.
            text = value.replace("Z", "+00:00").replace("z", "+00:00")
            head, dot, tail = text.partition(".")
            if dot:
                digits = len(tail) - len(tail.lstrip("0123456789"))
                text = f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        except ValueError:
            pass
    raise _unexpected(place, "a time (RFC 3339)", value)


def _unexpected(place: str, wanted: str, value: Any) -> UnexpectedAnswerError:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return UnexpectedAnswerError(f"the answer has {shown} at `{place or '/'}` instead of {wanted}")
