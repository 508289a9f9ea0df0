"""Locks with leases and fencing tokens."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from .._decode import model
from .._http import Call, document, new_key, route, without_none
from ..errors import ConflictError, LockNotHeldError, WaitTimeoutError
from ..models import Deadlock, HeldLock, Lock, LockEvent, LockRow, LockTicket, TokenCheck
from .base import AsyncResource

#: The maximum time for which one request waits for locks, in seconds. It stays below the time-outs of proxies.
WAIT = 30
Span = float | str


class AsyncLocks(AsyncResource):
    """The locks of the project."""

    def list(self, *, prefix: str | None = None, most: int | None = None) -> AsyncIterator[LockRow]:
        """Yields the locks that are held or waited for."""
        query = {"prefix": prefix, "limit": None}
        return self._sender.items(LockRow, Call("GET", "/api/v2/locks", query=query), most)

    async def get(self, name: str) -> Lock:
        """Returns a lock with its holders and its queue."""
        return await self._sender.model(Lock, Call("GET", route("/api/v2/locks/{}", name)))

    async def acquire(
        self,
        *names: str,
        mode: str = "exclusive",
        timeout: float = 0.0,
        lease: Span | None = None,
        priority: int | None = None,
        lock_delay: Span | None = None,
        reason: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        session: str | None = None,
        idempotency_key: str | None = None,
    ) -> LockTicket:
        """Takes locks, all of them or none, and waits for them for `timeout` seconds.

        A span is a number of seconds or a text such as `10m`. Raises `LockNotHeldError` if the locks are not free
        in time.
        """
        until = time.monotonic() + timeout
        body = without_none(
            {
                "locks": [{"name": name, "mode": mode} for name in names],
                "wait": timeout or None,
                "lease": lease,
                "priority": priority,
                "lock_delay": lock_delay,
                "reason": reason,
                "metadata": None if metadata is None else dict(metadata),
                "session": session,
            }
        )
        prefer = f"wait={int(min(WAIT, timeout))}"
        headers = {"Idempotency-Key": idempotency_key or new_key(), "Prefer": prefer}
        patience = WAIT + self._sender.settings.timeout
        call = Call("POST", "/api/v2/locks", body=body, headers=headers, timeout=patience)
        try:
            ticket = model(LockTicket, document(await self._sender.response(call), call))
        except ConflictError as error:
            state = str(error.problem.raw.get("state", "refused"))
            raise LockNotHeldError(str(error), state=state) from error
        while ticket.state == "waiting" and time.monotonic() < until + 1:
            ticket = await self.ticket(ticket.ticket, wait=min(WAIT, max(1.0, until - time.monotonic())))
        if ticket.state == "held":
            return ticket
        if ticket.state == "waiting":
            await self.cancel(ticket.ticket)
            raise WaitTimeoutError(f"the locks {', '.join(names)} were not free within {timeout} seconds")
        text = f"the request {ticket.ticket} for the locks {', '.join(names)} ended as `{ticket.state}`"
        raise LockNotHeldError(text, state=ticket.state)

    async def ticket(self, ticket: str, *, wait: float | None = None) -> LockTicket:
        """Returns a request for locks; with `wait`, when it has its locks or has ended."""
        query = {"wait": None if wait is None else int(wait)}
        timeout = (wait or 0.0) + self._sender.settings.timeout
        call = Call("GET", route("/api/v2/lock-tickets/{}", ticket), query=query, timeout=timeout)
        return await self._sender.model(LockTicket, call)

    async def renew(self, ticket: str, lease: Span) -> LockTicket:
        """Sets the ends of all leases of a request to a time from now."""
        call = Call("POST", route("/api/v2/lock-tickets/{}/renew", ticket), body={"lease": lease}, repeatable=True)
        return await self._sender.model(LockTicket, call)

    async def cancel(self, ticket: str) -> LockTicket:
        """Ends a request: its wait, or all its locks."""
        call = Call("DELETE", route("/api/v2/lock-tickets/{}", ticket), repeatable=True)
        return await self._sender.model(LockTicket, call)

    async def check(self, name: str, token: int) -> TokenCheck:
        """Checks whether a token holds a lock."""
        call = Call("GET", route("/api/v2/locks/{}/check", name), query={"token": token})
        return await self._sender.model(TokenCheck, call)

    async def extend(self, name: str, token: int, lease: Span) -> HeldLock:
        """Sets the end of a lease to a time from now."""
        body = {"token": token, "lease": lease}
        call = Call("POST", route("/api/v2/locks/{}/extend", name), body=body, repeatable=True)
        return await self._sender.model(HeldLock, call)

    async def release(self, name: str, token: int) -> None:
        """Releases a lock."""
        await self._sender.response(Call("POST", route("/api/v2/locks/{}/release", name), body={"token": token}))

    async def force_release(self, name: str, *, reason: str, token: int | None = None) -> int:
        """Takes a lock away from one holder, or from all, and returns their number. They may still act."""
        body = without_none({"reason": reason, "token": token})
        answer = await self._sender.json(Call("POST", route("/api/v2/locks/{}/force-release", name), body=body))
        return int(answer["released"])

    def events(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        after: int | None = None,
        most: int | None = None,
    ) -> AsyncIterator[LockEvent]:
        """Yields the newest events of locks, the oldest first; at most 100 without `most`."""
        limit = None if most is None else min(most, 1000)
        query = {"name": name, "kind": kind, "after": after, "limit": limit}
        return self._sender.items(LockEvent, Call("GET", "/api/v2/lock-events", query=query), most)

    def deadlocks(self, *, limit: int | None = None) -> AsyncIterator[Deadlock]:
        """Yields the newest deadlocks, with their cycles."""
        return self._sender.items(Deadlock, Call("GET", "/api/v2/lock-deadlocks", query={"limit": limit}))
