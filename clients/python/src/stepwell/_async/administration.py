"""Keys, sessions and the audit log. All operations need the role admin in all projects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from .._http import Call, route, without_none
from ..models import AuditReport, AuditRow, Key, NewKey, Session
from .base import AsyncResource


class AsyncKeys(AsyncResource):
    """The API keys."""

    def list(self) -> AsyncIterator[Key]:
        """Yields the keys without their secrets."""
        return self._sender.items(Key, Call("GET", "/api/v2/keys"))

    async def create(
        self,
        name: str,
        role: str,
        *,
        projects: Sequence[str] | None = None,
        jobs: Sequence[str] | None = None,
        expires_at: datetime | str | None = None,
    ) -> NewKey:
        """Creates a key. Only this answer has its secret, `token`."""
        patterns = {"projects": projects and [*projects], "jobs": jobs and [*jobs]}
        body = without_none({"name": name, "role": role, "expires_at": expires_at} | patterns)
        return await self._sender.model(NewKey, Call("POST", "/api/v2/keys", body=body))

    async def revoke(self, key_id: str) -> None:
        """Revokes a key."""
        await self._sender.response(Call("DELETE", route("/api/v2/keys/{}", key_id)))


class AsyncSessions(AsyncResource):
    """The sessions of people in the web UI."""

    def list(self) -> AsyncIterator[Session]:
        """Yields the sessions, the one used last first."""
        return self._sender.items(Session, Call("GET", "/api/v2/sessions"))

    async def end(self, session_id: str) -> None:
        """Ends a session."""
        await self._sender.response(Call("DELETE", route("/api/v2/sessions/{}", session_id)))


class AsyncAudit(AsyncResource):
    """The audit log."""

    def list(
        self,
        *,
        by: str | None = None,
        action: str | None = None,
        target: str | None = None,
        most: int | None = None,
    ) -> AsyncIterator[AuditRow]:
        """Yields the changes and their callers, newest first."""
        query = {"by": by, "action": action, "target": target, "limit": None}
        return self._sender.items(AuditRow, Call("GET", "/api/v2/audit", query=query), most)

    async def verify(self, *, expect: str | None = None) -> AuditReport:
        """Checks the chain of hashes over the audit log."""
        return await self._sender.model(AuditReport, Call("GET", "/api/v2/audit/verify", query={"expect": expect}))
