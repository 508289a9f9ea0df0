"""Jobs: store, run and check."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

from .._decode import model
from .._http import Call, document, new_key, route, when, without_none
from .._jobs import embedded, job_body
from .._log import LogLine
from ..models import (
    Accepted,
    CheckedJob,
    Job,
    JobSummary,
    JobVersion,
    JobVersionRow,
    Preview,
    Run,
    Scheduled,
    StepGrant,
)
from .base import AsyncResource, AsyncSender
from .runs import AsyncRuns

#: The maximum time for which the service lets one request wait for a run, in seconds.
LONGEST_WAIT = 300


class AsyncJobs(AsyncResource):
    """The stored jobs, and jobs that run without being stored.

    A job is a mapping, or the text of a job file (YAML or JSON).
    """

    def __init__(self, sender: AsyncSender, runs: AsyncRuns) -> None:
        super().__init__(sender)
        self._runs = runs

    async def execute(
        self,
        job: Mapping[str, Any] | str,
        *,
        timeout: float | None = None,
        on_line: Callable[[LogLine], object] | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Runs a job that need not be stored, waits for its end and returns the run, whatever its result.

        After `timeout` seconds, `WaitTimeoutError` ends the wait, and the run goes ahead.
        """
        if on_line is not None:
            run = (await self.submit(job, idempotency_key=idempotency_key)).execution_id
            return await self._runs.wait(run, timeout=timeout, on_line=on_line)
        wait = int(min(LONGEST_WAIT, LONGEST_WAIT if timeout is None else timeout))
        call = self._execute(job, f"wait={wait}", idempotency_key, wait)
        response = await self._sender.response(call)
        answer = document(response, call)
        if response.status_code != 202:
            return model(Run, answer)
        left = None if timeout is None else max(0.0, timeout - wait)
        return await self._runs.wait(model(Accepted, answer).execution_id, timeout=left)

    async def submit(self, job: Mapping[str, Any] | str, *, idempotency_key: str | None = None) -> Accepted:
        """Runs a job that need not be stored, without waiting for its end.

        The same key with the same job gives the run of the first request. Without a key, the client makes one, so
        that a lost answer never starts a second run.
        """
        return await self._sender.model(Accepted, self._execute(job, "respond-async", idempotency_key, 0))

    def _execute(self, job: Mapping[str, Any] | str, prefer: str, key: str | None, wait: int) -> Call:
        body, moved = embedded(job)
        headers = {"Prefer": prefer, "Idempotency-Key": key or new_key()}
        timeout = wait + self._sender.settings.timeout
        return Call("POST", "/api/v2/jobs/execute", body=body, headers=headers, timeout=timeout, moved=moved)

    async def schedule(self, job: Mapping[str, Any] | str, scheduled_time: datetime | str) -> Scheduled:
        """Runs a job once, at a time. A time without an offset is a wall time in the zone of the job."""
        body, moved = embedded(job, {"scheduled_time": when(scheduled_time)})
        call = Call("POST", "/api/v2/jobs/schedule", body=body, moved=moved)
        return await self._sender.model(Scheduled, call)

    async def run(
        self,
        job_id: str,
        *,
        variables: Mapping[str, Any] | None = None,
        priority: int | None = None,
        scheduled_time: datetime | str | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Runs a stored job, without waiting for its end. For the key, see `submit`."""
        body = without_none({"variables": variables, "priority": priority, "scheduled_time": scheduled_time})
        headers = {"Idempotency-Key": idempotency_key or new_key()}
        call = Call("POST", route("/api/v2/jobs/{}/run", job_id), body=body, headers=headers)
        return await self._sender.model(Accepted, call)

    def list(
        self,
        *,
        search: str | None = None,
        scheduled: bool | None = None,
        enabled: bool | None = None,
        most: int | None = None,
    ) -> AsyncIterator[JobSummary]:
        """Yields the stored jobs without their definitions, each with its last run."""
        query = {"q": search, "scheduled": scheduled, "enabled": enabled, "fields": "summary", "limit": None}
        return self._sender.items(JobSummary, Call("GET", "/api/v2/jobs", query=query), most)

    async def get(self, job_id: str) -> Job:
        """Returns a stored job."""
        return await self._sender.model(Job, Call("GET", route("/api/v2/jobs/{}", job_id)))

    async def etag(self, job_id: str) -> str:
        """Returns the ETag of a stored job, for `if_match`."""
        response = await self._sender.response(Call("GET", route("/api/v2/jobs/{}", job_id)))
        return str(response.headers.get("etag", ""))

    async def put(
        self,
        job_id: str,
        job: Mapping[str, Any] | str,
        *,
        if_match: str | None = None,
        must_be_new: bool = False,
    ) -> Job:
        """Stores a job, or a new version of it. A job that is stored already creates no new version.

        Raises `PreconditionFailedError` if the ETag of the stored job is not `if_match`, or if `must_be_new` finds
        a job.
        """
        headers = {"If-Match": if_match, "If-None-Match": "*" if must_be_new else None}
        repeatable = if_match is None and not must_be_new
        call = Call(
            "PUT",
            route("/api/v2/jobs/{}", job_id),
            body=job_body(job),
            headers=headers,
            repeatable=repeatable,
        )
        return await self._sender.model(Job, call)

    async def delete(self, job_id: str, *, if_match: str | None = None) -> None:
        """Removes a stored job and its schedule; its runs stay."""
        call = Call("DELETE", route("/api/v2/jobs/{}", job_id), headers={"If-Match": if_match})
        await self._sender.response(call)

    def versions(self, job_id: str) -> AsyncIterator[JobVersionRow]:
        """Yields the stored versions of a job, newest first."""
        return self._sender.items(JobVersionRow, Call("GET", route("/api/v2/jobs/{}/versions", job_id)))

    async def version(self, job_id: str, version: int) -> JobVersion:
        """Returns a version of a job."""
        path = route("/api/v2/jobs/{}/versions/{}", job_id, version)
        return await self._sender.model(JobVersion, Call("GET", path))

    async def validate(self, job: Mapping[str, Any] | str) -> CheckedJob:
        """Checks a job without storing or running it; `UnprocessableError` lists every problem."""
        call = Call("POST", "/api/v2/jobs/validate", body=job_body(job), repeatable=True)
        return await self._sender.model(CheckedJob, call)

    async def preview(
        self, job: Mapping[str, Any] | str, *, count: int | None = None, from_: datetime | str | None = None
    ) -> Preview:
        """Returns the next fires of a job that is not stored."""
        query = {"count": count, "from": from_}
        call = Call("POST", "/api/v2/jobs/preview", query=query, body=job_body(job), repeatable=True)
        return await self._sender.model(Preview, call)

    def policy(self, job_id: str) -> AsyncIterator[StepGrant]:
        """Yields the grant of policy to each step of a stored job."""
        return self._sender.items(StepGrant, Call("GET", route("/api/v2/policy/{}", job_id)))

    def policy_preview(self, job: Mapping[str, Any] | str) -> AsyncIterator[StepGrant]:
        """Yields the grant that each step of a job would get, or its denial with the fix."""
        call = Call("POST", "/api/v2/policy/preview", body=job_body(job), repeatable=True)
        return self._sender.items(StepGrant, call)
