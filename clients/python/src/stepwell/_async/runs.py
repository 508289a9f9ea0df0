"""Runs: show, wait, follow, cancel and retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from .._http import Call, new_key, route, without_none
from .._log import NO_LINES, LogLine, Outage, log_line, pauses
from ..errors import (
    ServerError,
    TooManyRequestsError,
    TransportError,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from ..models import (
    Accepted,
    Artifact,
    Explanation,
    Run,
    RunRow,
    StepLimits,
    StepReceipt,
    Timeline,
)
from .base import AsyncResource

Lines = list[LogLine]

#: Seconds for which a wait bears a service that does not answer.
PATIENCE = 300.0

#: Seconds for which one request waits for the end of a run. Proxies close connections that are silent for longer.
LONGEST_LOOK = 30

#: The service sends a log in pieces. Compression would hold them back.
PLAIN: dict[str, str | None] = {"Accept-Encoding": "identity"}


class Watch:
    """The place of a client in the log of a run."""

    def __init__(self, execution_id: str, after: int, timeout: float | None) -> None:
        self.execution_id = execution_id
        self.after = after
        self.ended = False
        self.looks = False
        """Whether the next request asks for the status, because the key follows as many streams as it may."""
        self._timeout = timeout
        self._until = float("inf") if timeout is None else time.monotonic() + timeout

    def check(self) -> None:
        """Raises `WaitTimeoutError` if the time is over."""
        if self.left <= 0:
            raise WaitTimeoutError(f"the run {self.execution_id} has not ended after {self._timeout} seconds")

    @property
    def left(self) -> float:
        """The remaining time in seconds."""
        return self._until - time.monotonic()

    def line(self, line: LogLine) -> LogLine:
        """Takes a line."""
        self.after = max(self.after, line.seq)
        return line


class AsyncRuns(AsyncResource):
    """The runs of jobs."""

    def list(
        self,
        *,
        job_id: str | None = None,
        queue: str | None = None,
        status: str | None = None,
        oldest_first: bool = False,
        most: int | None = None,
    ) -> AsyncIterator[RunRow]:
        """Yields runs, newest first; `most` of them, or all."""
        query = {"job_id": job_id, "queue": queue, "status": status, "oldest_first": oldest_first or None}
        return self._sender.items(RunRow, Call("GET", "/api/v2/runs", query=query | {"limit": None}), most)

    async def get(self, execution_id: str, *, values: bool = True) -> Run:
        """Returns a run and its steps; without `values`, without the outputs and the metadata of the steps."""
        query = {} if values else {"values": False}
        return await self._sender.model(Run, Call("GET", route("/api/v2/runs/{}", execution_id), query=query))

    async def wait(
        self,
        execution_id: str,
        *,
        timeout: float | None = None,
        on_line: Callable[[LogLine], object] | None = None,
        patience: float = PATIENCE,
    ) -> Run:
        """Waits for the end of a run and returns it, whatever its result; `on_line` gets the lines of its log.

        Raises `WaitTimeoutError` after `timeout` seconds (default: waits forever). The run goes ahead. The wait
        survives restarts of the service, and ends with the error of the last request if the service does not
        answer for `patience` seconds.
        """
        if on_line is None:
            await self._wait_for_end(Watch(execution_id, NO_LINES, timeout), Outage(patience))
            return await self.get(execution_id)
        async with aclosing(self._watch(execution_id, 0, timeout, patience)) as lines:
            async for line in lines:
                on_line(line)
        return await self.get(execution_id)

    async def _wait_for_end(self, at: Watch, outage: Outage) -> None:
        """Waits for the end of a run with requests that the service answers at the end, or after some seconds."""
        rests = pauses(0.5, 10.0)
        while True:
            at.check()
            wait, began, rest = max(0, int(min(at.left, LONGEST_LOOK))), time.monotonic(), 0.5
            try:
                query = {"values": False, "wait": wait or None}
                call = Call("GET", route("/api/v2/runs/{}", at.execution_id), query=query, timeout=self._patient(wait))
                if (await self._sender.model(Run, call)).ended:
                    return
                outage.over()
                # The service answers at once if too many requests wait, or if it is about to end.
                waited = wait > 0 and time.monotonic() - began > wait / 2
                rest, rests = (0.0, pauses(0.5, 10.0)) if waited else (next(rests), rests)
            except TooManyRequestsError:
                rest = next(rests)
            except (TransportError, ServerError) as error:
                if at.left > 0:
                    outage.note(error)
            await asyncio.sleep(max(0.0, min(rest, at.left)))

    def _patient(self, wait: int) -> float:
        return wait + self._sender.settings.timeout

    def follow(
        self, execution_id: str, *, after: int = 0, timeout: float | None = None, patience: float = PATIENCE
    ) -> AsyncIterator[LogLine]:
        """Yields the lines of the log after the line `after`, as they come, until the run has ended."""
        return self._watch(execution_id, after, timeout, patience)

    async def _watch(
        self, execution_id: str, after: int, timeout: float | None, patience: float
    ) -> AsyncGenerator[LogLine]:
        at = Watch(execution_id, after, timeout)
        outage, rests = Outage(patience), pauses(0.5, 10.0)
        while not at.ended:
            at.check()
            rest = 0.5
            try:
                async with aclosing(self._look(at) if at.looks else self._stream(at, outage)) as lines:
                    async for line in lines:
                        yield line
                rest = 0.0 if at.ended else rest
            except TooManyRequestsError:
                at.looks = True
                rest = next(rests)
            except (TransportError, ServerError) as error:
                if at.left > 0:
                    outage.note(error)
            await asyncio.sleep(max(0.0, min(rest, at.left)))

    async def _stream(self, at: Watch, outage: Outage) -> AsyncGenerator[LogLine]:
        """Yields the lines of one stream."""
        reads = min(at.left, self._sender.settings.timeout)
        headers = PLAIN | {"Accept": "text/event-stream", "Last-Event-ID": str(at.after) if at.after else None}
        call = Call("GET", route("/api/v2/runs/{}/logs", at.execution_id), headers=headers, timeout=reads)
        async with aclosing(self._sender.events(call)) as events:
            async for event in events:
                outage.over()
                if event.kind == "end":
                    at.ended = True
                    return
                if event.kind == "log":
                    yield at.line(log_line(event.data))
                if at.left < reads:
                    # The next stream has a shorter limit, so that the wait ends on time.
                    return

    async def _look(self, at: Watch) -> AsyncGenerator[LogLine]:
        """Asks for the status once, and yields the remaining lines of a run that has ended."""
        at.looks = False
        at.ended = (await self.get(at.execution_id, values=False)).ended
        if at.ended and at.after != NO_LINES:
            for line in await self.logs(at.execution_id):
                if line.seq > at.after:
                    yield at.line(line)

    async def logs(self, execution_id: str) -> Lines:
        """Returns the log of a run as it is now."""
        call = Call("GET", route("/api/v2/runs/{}/logs", execution_id), headers=PLAIN)
        return [line async for line in self._sender.items(LogLine, call)]

    async def log_text(self, execution_id: str) -> str:
        """Returns the log of a run as text."""
        call = Call("GET", route("/api/v2/runs/{}/logs", execution_id), headers=PLAIN | {"Accept": "text/plain"})
        return (await self._sender.response(call)).text

    async def cancel(self, execution_id: str, *, reason: str = "") -> RunRow:
        """Cancels a run. It ends as soon as its step has stopped."""
        call = Call("POST", route("/api/v2/runs/{}/cancel", execution_id), body={"reason": reason})
        return await self._sender.model(RunRow, call)

    async def retry(
        self,
        execution_id: str,
        *,
        from_start: bool = False,
        job: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Runs an ended run again, as a new run: from the step that failed, or from the start.

        For the key, see `jobs.submit`.
        """
        body = without_none({"from_start": from_start, "job": job})
        headers = {"Idempotency-Key": idempotency_key or new_key()}
        call = Call("POST", route("/api/v2/runs/{}/retry", execution_id), body=body, headers=headers)
        return await self._sender.model(Accepted, call)

    async def explain(self, execution_id: str) -> Explanation:
        """Returns the reasons why a run does not start or continue, each with its fix."""
        return await self._sender.model(Explanation, Call("GET", route("/api/v2/runs/{}/explain", execution_id)))

    async def job(self, execution_id: str) -> dict[str, Any]:
        """Returns the job of a run, as it was when the run was admitted."""
        found = await self._sender.json(Call("GET", route("/api/v2/runs/{}/job", execution_id)))
        if not isinstance(found, dict):
            raise UnexpectedAnswerError(f"the job of {execution_id} is {found!r} instead of an object")
        return found

    def receipts(self, execution_id: str, *, step: str | None = None) -> AsyncIterator[StepReceipt]:
        """Yields the cost of each attempt."""
        path = route("/api/v2/runs/{}/receipts", execution_id)
        return self._sender.items(StepReceipt, Call("GET", path, query={"step": step}))

    async def timeline(self, execution_id: str) -> Timeline:
        """Returns the origin of a run, and the times of its attempts."""
        return await self._sender.model(Timeline, Call("GET", route("/api/v2/runs/{}/timeline", execution_id)))

    async def limits(self, execution_id: str, step_id: str) -> StepLimits:
        """Returns the limits of a step of a run under the present policy."""
        path = route("/api/v2/runs/{}/steps/{}/limits", execution_id, step_id)
        return await self._sender.model(StepLimits, Call("GET", path))

    async def output(self, execution_id: str, step_id: str) -> Any:
        """Returns the whole output value of a step."""
        return await self._sender.json(Call("GET", route("/api/v2/runs/{}/steps/{}/output", execution_id, step_id)))

    def artifacts(self, execution_id: str) -> AsyncIterator[Artifact]:
        """Yields the files in the workspace of a run."""
        return self._sender.items(Artifact, Call("GET", route("/api/v2/runs/{}/artifacts", execution_id)))

    def artifact(self, execution_id: str, path: str) -> AsyncIterator[bytes]:
        """Yields a file from the workspace of a run, in pieces."""
        parts = "/".join(route("{}", part) for part in path.split("/"))
        return self._sender.pieces(Call("GET", route("/api/v2/runs/{}/artifacts/", execution_id) + parts))
