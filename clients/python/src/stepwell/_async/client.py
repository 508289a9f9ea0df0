"""The asynchronous client."""

from __future__ import annotations

import os
from typing import Any

import httpx

from .._http import settings
from .administration import AsyncAudit, AsyncKeys, AsyncSessions
from .base import AsyncSender
from .decisions import AsyncApprovals, AsyncDeadLetters
from .jobs import AsyncJobs
from .locks import AsyncLocks
from .runs import AsyncRuns
from .schedules import AsyncBackfills, AsyncSchedules
from .service import AsyncQueues, AsyncSteps, AsyncSystem
from .workers import AsyncWorkers


class AsyncClient:
    """The asynchronous client of a Stepwell service. Close it, or use it in an `async with` block.

    Without arguments, it reads the variables that the command `stepwell` reads: `STEPWELL_SERVER` for the address,
    and `STEPWELL_KEY_FILE` or `STEPWELL_API_KEY` for the key.

    `timeout` is the time in seconds until an answer begins and between two pieces of it. `retries` is the number
    of further requests after a lost or refused one, if the repetition does no harm. `project` is the project of
    all requests (default: the one of the key).
    """

    def __init__(
        self,
        server: str | None = None,
        *,
        key: str | None = None,
        key_file: str | os.PathLike[str] | None = None,
        project: str | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._sender = AsyncSender(settings(server, key, key_file, project, timeout, retries), transport)
        self.runs = AsyncRuns(self._sender)
        self.jobs = AsyncJobs(self._sender, self.runs)
        self.schedules = AsyncSchedules(self._sender)
        self.backfills = AsyncBackfills(self._sender)
        self.dead_letters = AsyncDeadLetters(self._sender)
        self.approvals = AsyncApprovals(self._sender)
        self.queues = AsyncQueues(self._sender)
        self.locks = AsyncLocks(self._sender)
        self.workers = AsyncWorkers(self._sender)
        self.steps = AsyncSteps(self._sender)
        self.system = AsyncSystem(self._sender)
        self.keys = AsyncKeys(self._sender)
        self.sessions = AsyncSessions(self._sender)
        self.audit = AsyncAudit(self._sender)

    @property
    def server(self) -> str:
        """The address of the service."""
        return self._sender.settings.server

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._sender.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()
