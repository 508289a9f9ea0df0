"""The lines of a log, and the events of a stream."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ._decode import Model, model
from .errors import UnexpectedAnswerError

#: No line has this number. A stream that continues after it has no lines, and ends with the run.
NO_LINES = 2**63 - 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogLine(Model):
    """A line of the log of a run."""

    seq: int = 0
    """The number of the line within the run, from 1."""
    at: datetime
    """The time at which the host received the line."""
    step_id: str
    """The id of the step."""
    attempt: int
    """The number of the attempt."""
    level: str = "info"
    """The level: `trace`, `debug`, `info`, `warn` or `error`."""
    message: str = ""
    """The text."""
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Structured fields."""

    def __str__(self) -> str:
        at = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = "".join(f" {name}={_shown(value)}" for name, value in self.fields.items())
        return f"{at} {self.level} {self.step_id}/{self.attempt} {self.message}{fields}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclasses.dataclass(frozen=True)
class Event:
    """An event of a stream (server-sent events). A comment, which keeps the connection alive, has the kind `""`."""

    kind: str
    data: str = ""
    id: str | None = None


class EventReader:
    """Makes events from the lines of a stream."""

    def __init__(self) -> None:
        self._kind = "message"
        self._data: list[str] = []
        self._id: str | None = None

    def line(self, line: str) -> Event | None:
        """Takes a line without its end. Returns the event that it ends, or a comment."""
        if not line:
            event = Event(self._kind, "\n".join(self._data), self._id) if self._data else None
            self._kind, self._data = "message", []
            return event
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            return Event("")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value
        return None


def log_line(text: str) -> LogLine:
    """Reads a line from its JSON text."""
    try:
        return model(LogLine, json.loads(text))
    except json.JSONDecodeError as error:
        raise UnexpectedAnswerError(f"a line of the log is not JSON: {error}: {text[:80]}") from error


def pauses(first: float, longest: float) -> Iterator[float]:
    """Yields growing pauses between two looks at a run."""
    while True:
        yield first
        first = min(first * 1.5, longest)


class Outage:
    """Bears failures of the service for a time."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None

    def note(self, error: Exception) -> None:
        """Takes a failure; raises it if they have lasted too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since >= self._patience:
            raise error

    def over(self) -> None:
        """Takes an answer."""
        self._since = None
