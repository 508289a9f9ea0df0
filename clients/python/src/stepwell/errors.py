"""The errors of the client. All of them derive from `StepwellError`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


class StepwellError(Exception):
    """The base of all errors of this package."""


class ConfigurationError(StepwellError):
    """An argument, a variable of the environment or a key file is missing or malformed."""


class TransportError(StepwellError):
    """No answer arrived: the service cannot be reached, or the connection broke.

    `sent` says whether the service may have received the request, and acted on it.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class RequestTimeoutError(TransportError):
    """No answer arrived in time."""


class UnexpectedAnswerError(StepwellError):
    """The answer has another shape than the API describes: often a proxy or another service answered."""


class WaitTimeoutError(StepwellError):
    """The run had not ended, or the lock was not there, when the time of the caller ran out."""


class LockNotHeldError(StepwellError):
    """A request for locks ended without the locks. `state` is its last state, such as `timed_out`."""

    def __init__(self, message: str, *, state: str) -> None:
        super().__init__(message)
        self.state = state


@dataclasses.dataclass(frozen=True)
class Place:
    """One problem of a request body, with its place."""

    severity: str
    pointer: str
    line: int
    column: int
    message: str
    help: str | None = None

    def __str__(self) -> str:
        at = f"line {self.line}, column {self.column}: " if self.line else ""
        fix = f" ({self.help})" if self.help else ""
        return f"{at}{self.pointer or '/'}: {self.message}{fix}"


@dataclasses.dataclass(frozen=True)
class Problem:
    """The problem document (RFC 9457) of a refused request."""

    status: int
    title: str
    detail: str
    type: str = "about:blank"
    errors: tuple[Place, ...] = ()
    raw: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)


class ApiError(StepwellError):
    """The service refused the request. `problem` is its problem document."""

    def __init__(self, problem: Problem, *, method: str, path: str, retry_after: float | None = None) -> None:
        lines = [f"{method} {path}: {problem.status} {problem.title}: {problem.detail}"]
        lines += [f"  {place}" for place in problem.errors]
        super().__init__("\n".join(lines))
        self.problem = problem
        self.method = method
        self.path = path
        self.retry_after = retry_after

    @property
    def status(self) -> int:
        return self.problem.status

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = {"method": self.method, "path": self.path, "retry_after": self.retry_after}
        return _rebuild, (type(self), self.problem, arguments)


def _rebuild(kind: type[ApiError], problem: Problem, arguments: dict[str, Any]) -> ApiError:
    return kind(problem, **arguments)


class BadRequestError(ApiError):
    """400: the query or the body cannot be read."""


class UnauthorizedError(ApiError):
    """401: the key is missing, unknown, expired or revoked."""


class ForbiddenError(ApiError):
    """403: the role or the job patterns of the key do not allow the operation."""


class NotFoundError(ApiError):
    """404: the object does not exist, or the key may not see it."""


class ConflictError(ApiError):
    """409: the present state does not allow the operation."""


class PreconditionFailedError(ApiError):
    """412: another caller changed the job since its ETag was read."""


class PayloadTooLargeError(ApiError):
    """413: the body is too large."""


class UnprocessableError(ApiError):
    """422: the content of the body is wrong; `problem.errors` lists every place."""


class TooManyRequestsError(ApiError):
    """429: the key sends too many requests, or follows too many streams."""


class ServerError(ApiError):
    """5xx: the service failed."""


class ServiceUnavailableError(ServerError):
    """503: the queue is full, the store cannot be written, or the service is shutting down."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: PayloadTooLargeError,
    422: UnprocessableError,
    429: TooManyRequestsError,
    503: ServiceUnavailableError,
}


def error_of(status: int) -> type[ApiError]:
    """Returns the class of the error of a status."""
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else ApiError)


def problem_of(status: int, reason: str, body: Any, text: str, moved: tuple[int, int] = (0, 0)) -> Problem:
    """Reads a problem document; an answer without one, such as that of a proxy, gives its first line.

    `moved` has the lines and columns before the document of the caller, which do not count.
    """
    if not isinstance(body, Mapping):
        first = text.strip().splitlines()[:1]
        return Problem(status, reason or "error", first[0][:500] if first else "the answer has no body")
    places = body.get("errors")
    return Problem(
        status=status,
        title=str(body.get("title") or reason),
        detail=str(body.get("detail") or ""),
        type=str(body.get("type") or "about:blank"),
        errors=tuple(_place(place, moved) for place in places if isinstance(place, Mapping))
        if isinstance(places, list)
        else (),
        raw=dict(body),
    )


def _place(value: Mapping[str, Any], moved: tuple[int, int]) -> Place:
    def number(key: str) -> int:
        found = value.get(key)
        return found if isinstance(found, int) else 0

    return Place(
        severity=str(value.get("severity", "error")),
        pointer=str(value.get("pointer", "")),
        line=max(0, number("line") - moved[0]),
        column=max(0, number("column") - moved[1]),
        message=str(value.get("message", "")),
        help=str(value["help"]) if value.get("help") else None,
    )
