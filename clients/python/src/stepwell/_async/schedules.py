"""Schedules, fires, the ledger and backfills."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from .._http import Call, route, when, without_none
from ..models import Backfill, BackfillPlan, ComingFires, LedgerRow, ListedSchedule, Preview, Schedule
from .base import AsyncResource


class AsyncSchedules(AsyncResource):
    """The schedules of the stored jobs."""

    def list(self, *, queue: str | None = None, most: int | None = None) -> AsyncIterator[ListedSchedule]:
        """Yields the schedules."""
        query = {"queue": queue, "limit": None}
        return self._sender.items(ListedSchedule, Call("GET", "/api/v2/schedules", query=query), most)

    async def get(self, job_id: str) -> Schedule:
        """Returns the next fire of a schedule, and the actor that paused it."""
        return await self._sender.model(Schedule, Call("GET", route("/api/v2/schedules/{}", job_id)))

    async def preview(self, job_id: str, *, count: int | None = None, from_: datetime | str | None = None) -> Preview:
        """Returns the next fires, and the effect of clock changes on them."""
        query = {"count": count, "from": from_}
        call = Call("GET", route("/api/v2/schedules/{}/preview", job_id), query=query)
        return await self._sender.model(Preview, call)

    async def pause(self, job_id: str, *, reason: str = "") -> None:
        """Pauses a schedule."""
        call = Call("POST", route("/api/v2/schedules/{}/pause", job_id), body={"reason": reason})
        await self._sender.response(call)

    async def resume(self, job_id: str) -> None:
        """Resumes a schedule."""
        await self._sender.response(Call("POST", route("/api/v2/schedules/{}/resume", job_id)))

    async def fires(
        self,
        *,
        job_id: str | None = None,
        queue: str | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        apart: int | None = None,
        limit: int | None = None,
    ) -> ComingFires:
        """Returns the coming fires of all schedules, the earliest first; every fire before `until` is there."""
        query = {"job_id": job_id, "queue": queue, "from": from_, "to": to, "apart": apart, "limit": limit}
        return await self._sender.model(ComingFires, Call("GET", "/api/v2/fires", query=query))

    def ledger(
        self,
        *,
        job_id: str | None = None,
        decision: str | None = None,
        from_: datetime | str | None = None,
        to: datetime | str | None = None,
        most: int | None = None,
    ) -> AsyncIterator[LedgerRow]:
        """Yields the decision about each fire that was due."""
        query = {"job_id": job_id, "decision": decision, "from": from_, "to": to, "limit": None}
        return self._sender.items(LedgerRow, Call("GET", "/api/v2/ledger", query=query), most)


class AsyncBackfills(AsyncResource):
    """Runs for fires of the past that have no run."""

    def list(self, *, most: int | None = None) -> AsyncIterator[Backfill]:
        """Yields the backfills."""
        return self._sender.items(Backfill, Call("GET", "/api/v2/backfills", query={"limit": None}), most)

    async def get(self, backfill_id: str) -> Backfill:
        """Returns a backfill and its progress."""
        return await self._sender.model(Backfill, Call("GET", route("/api/v2/backfills/{}", backfill_id)))

    async def start(
        self, job_id: str, from_: datetime | str, to: datetime | str, *, priority: int | None = None
    ) -> Backfill:
        """Runs the fires of a range that have no run yet."""
        call = Call("POST", "/api/v2/backfills", body=_range(job_id, from_, to, priority, False))
        return await self._sender.model(Backfill, call)

    async def plan(self, job_id: str, from_: datetime | str, to: datetime | str) -> BackfillPlan:
        """Returns the fires of a range that have no run yet, and runs none."""
        body = _range(job_id, from_, to, None, True)
        call = Call("POST", "/api/v2/backfills", body=body, repeatable=True)
        return await self._sender.model(BackfillPlan, call)

    async def cancel(self, backfill_id: str) -> Backfill:
        """Stops a backfill; the runs that it has admitted continue."""
        call = Call("POST", route("/api/v2/backfills/{}/cancel", backfill_id))
        return await self._sender.model(Backfill, call)


def _range(
    job_id: str, from_: datetime | str, to: datetime | str, priority: int | None, dry_run: bool
) -> dict[str, object]:
    body = {"job_id": job_id, "from": when(from_), "to": when(to), "priority": priority}
    return without_none(body | {"dry_run": dry_run})
