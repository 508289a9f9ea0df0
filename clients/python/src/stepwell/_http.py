"""Requests and answers without their transport: the blocking and the asynchronous client share this module."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import random
import re
import uuid
import warnings
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from .errors import (
    ApiError,
    ConfigurationError,
    RequestTimeoutError,
    TransportError,
    UnexpectedAnswerError,
    error_of,
    problem_of,
)

DEFAULT_SERVER = "http://127.0.0.1:7450"
#: Seconds between two comments in a stream.
KEEP_ALIVE = 15.0
#: The maximum pause before a request is repeated, also if the service asks for a longer one.
LONGEST_PAUSE = 60.0
#: The statuses with which the service refuses a request before it acts on it.
REFUSED = frozenset({408, 429, 503})
#: The statuses with which a proxy reports a lost answer.
LOST = frozenset({502, 504})


class StepwellWarning(UserWarning):
    """A setting that is unsafe or has no effect."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a client."""

    server: str
    key: str | None = dataclasses.field(repr=False)
    project: str | None
    timeout: float
    retries: int

    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "stepwell-python"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if self.project:
            headers["Stepwell-Project"] = self.project
        return headers

    def limits(self, timeout: float | None = None) -> httpx.Timeout:
        timeout = self.timeout if timeout is None else timeout
        return httpx.Timeout(timeout, connect=min(timeout, 10.0))


def settings(
    server: str | None,
    key: str | None,
    key_file: str | os.PathLike[str] | None,
    project: str | None,
    timeout: float,
    retries: int,
) -> Settings:
    """Reads the settings from the arguments, and from the variables that the command `stepwell` reads."""
    server = server or os.environ.get("STEPWELL_SERVER") or DEFAULT_SERVER
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"`{server}` is not the address of a service: use http(s)://HOST:PORT")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"`{parts.hostname}`: an address has no login, query or fragment; use `key`")
    if key and key_file:
        raise ConfigurationError("give `key` or `key_file`, not both")
    if not key and not key_file:
        key_file = os.environ.get("STEPWELL_KEY_FILE")
        key = None if key_file else os.environ.get("STEPWELL_API_KEY")
    if key_file:
        key = _read_key(Path(key_file))
    if key is not None and not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ConfigurationError("the key has white space or is empty: use the text `sw_...` alone")
    if timeout <= 0:
        raise ConfigurationError(f"`timeout` is {timeout}: use a number of seconds above 0")
    if retries < 0:
        raise ConfigurationError(f"`retries` is {retries}: use 0 or more")
    if key and parts.scheme == "http" and not _is_local(parts.hostname):
        text = f"the API key goes to {parts.hostname} over plain http: use https outside of this machine"
        warnings.warn(text, StepwellWarning, stacklevel=4)
    return Settings(server.rstrip("/"), key, project, timeout, retries)


def _read_key(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the key file `{path}`: {error}") from error


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def route(template: str, *parts: str | int) -> str:
    """Fills the parameters of a path, encoded."""
    for part in parts:
        if str(part) in ("", ".", ".."):
            raise ValueError(f"`{part}` cannot be a part of {template}")
    return template.format(*(quote(str(part), safe="") for part in parts))


@dataclasses.dataclass(frozen=True)
class Call:
    """A request."""

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    """An object, which is sent as JSON, or bytes or text, which are sent unchanged."""
    kind: str | None = None
    """The type of bytes or text."""
    headers: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    repeatable: bool | None = None
    """Whether a second request after a lost answer does no harm. Default: yes, if it only reads or has a key."""
    timeout: float | None = None
    moved: tuple[int, int] = (0, 0)
    """The lines and columns that the client has put before the document of the caller."""

    def sent(self) -> dict[str, Any]:
        """Returns the arguments of the request for httpx."""
        headers = {name: value for name, value in self.headers.items() if value is not None}
        content = None
        if isinstance(self.body, (bytes, str)):
            content = self.body.encode() if isinstance(self.body, str) else self.body
            headers["Content-Type"] = self.kind or "application/yaml"
        elif self.body is not None:
            content = json.dumps(self.body, default=_encoded, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        query = {name: _text(value) for name, value in (self.query or {}).items() if value is not None}
        return {
            "method": self.method,
            "url": self.path,
            "params": query,
            "content": content,
            "headers": headers,
        }

    @property
    def may_repeat(self) -> bool:
        if self.repeatable is not None:
            return self.repeatable
        return self.method == "GET" or bool(self.headers.get("Idempotency-Key"))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _encoded(value) if isinstance(value, datetime) else str(value)


def _encoded(value: Any) -> str:
    if isinstance(value, datetime):
        return when(value)
    raise TypeError(f"{value!r} ({type(value).__name__}) is not a value of JSON")


def when(time: datetime | str) -> str:
    """Returns the text of a time. A time without an offset is a wall time in the zone of the job."""
    if isinstance(time, str):
        return time
    text = time.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leaves out the values that the caller did not set."""
    return {name: value for name, value in values.items() if value is not None}


def new_key() -> str:
    """Returns an idempotency key that no other request has."""
    return f"python-{uuid.uuid4()}"


def refused(response: httpx.Response, call: Call) -> ApiError | UnexpectedAnswerError | None:
    """Returns the error of an answer whose body has been read, if it is one."""
    if response.is_success:
        return None
    if response.is_redirect or response.status_code < 400:
        where = response.headers.get("location", "")
        return UnexpectedAnswerError(
            f"{call.method} {call.path}: the answer is {response.status_code} to `{where}`: "
            "use the address of the service itself"
        )
    try:
        body = response.json()
    except ValueError:
        body = None
    problem = problem_of(response.status_code, response.reason_phrase, body, response.text, call.moved)
    error = error_of(response.status_code)
    return error(problem, method=call.method, path=call.path, retry_after=retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Reads `Retry-After`: seconds or a time."""
    text = response.headers.get("retry-after")
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (ValueError, TypeError):
        return None


def transport_error(error: httpx.HTTPError, call: Call, settings: Settings) -> TransportError:
    """Returns the error of this package for an error of httpx."""
    sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
    text = str(error) or type(error).__name__
    place = f"{call.method} {settings.server}{call.path}"
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeoutError(f"{place}: no answer in time ({type(error).__name__})", sent=sent)
    if not sent:
        return TransportError(f"{place}: cannot reach the service: {text}", sent=False)
    return TransportError(f"{place}: the connection broke: {text}", sent=True)


def pause(error: Exception, call: Call, attempt: int, settings: Settings) -> float | None:
    """Returns the pause before the next attempt, or None if the request must not be repeated."""
    if attempt > settings.retries:
        return None
    longest = min(0.25 * 2.0**attempt, 8.0)
    wait = random.uniform(longest / 2, longest)
    if isinstance(error, TransportError):
        return wait if call.may_repeat or not error.sent else None
    again = isinstance(error, ApiError) and (error.status in REFUSED or (error.status in LOST and call.may_repeat))
    if isinstance(error, ApiError) and again:
        return min(max(wait, error.retry_after or 0.0), LONGEST_PAUSE)
    return None


def document(response: httpx.Response, call: Call) -> Any:
    """Reads the JSON of an answer."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise UnexpectedAnswerError(
            f"{call.method} {call.path}: the answer is not JSON ({response.headers.get('content-type')}): "
            f"{response.text[:80]!r}"
        ) from error
