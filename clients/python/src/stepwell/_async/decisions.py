"""What waits for a person: dead letters and approvals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from .._http import Call, new_key, route, without_none
from ..models import (
    Accepted,
    Approval,
    ApprovalDetails,
    BulkAnswer,
    DeadLetter,
    DeadLetterCause,
    Run,
)
from .base import AsyncResource


class AsyncDeadLetters(AsyncResource):
    """Failed, timed-out and expired runs that need attention. The id of a dead letter is that of its run."""

    def list(
        self,
        *,
        state: str | None = None,
        job_id: str | None = None,
        class_: str | None = None,
        cause: str | None = None,
        most: int | None = None,
    ) -> AsyncIterator[DeadLetter]:
        """Yields dead letters; `state` is `open`, `redriven` or `discarded`."""
        query = {"state": state, "job_id": job_id, "class": class_, "cause": cause, "limit": None}
        return self._sender.items(DeadLetter, Call("GET", "/api/v2/dead-letters", query=query), most)

    def causes(self, *, state: str | None = None) -> AsyncIterator[DeadLetterCause]:
        """Yields the causes of dead letters."""
        call = Call("GET", "/api/v2/dead-letters/causes", query={"state": state})
        return self._sender.items(DeadLetterCause, call)

    async def get(self, execution_id: str) -> DeadLetter:
        """Returns a dead letter."""
        return await self._sender.model(DeadLetter, Call("GET", route("/api/v2/dead-letters/{}", execution_id)))

    async def redrive(
        self,
        execution_id: str,
        *,
        from_start: bool = False,
        job: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Runs a dead letter again, with an edited job if there is one. For the key, see `jobs.submit`."""
        body = without_none({"from_start": from_start, "job": job})
        headers = {"Idempotency-Key": idempotency_key or new_key()}
        call = Call("POST", route("/api/v2/dead-letters/{}/redrive", execution_id), body=body, headers=headers)
        return await self._sender.model(Accepted, call)

    async def discard(self, execution_id: str, *, reason: str = "") -> DeadLetter:
        """Closes a dead letter without running it again."""
        call = Call("POST", route("/api/v2/dead-letters/{}/discard", execution_id), body={"reason": reason})
        return await self._sender.model(DeadLetter, call)

    async def bulk(
        self,
        action: str,
        *,
        ids: Sequence[str] | None = None,
        job_id: str | None = None,
        cause: str | None = None,
        reason: str = "",
    ) -> BulkAnswer:
        """Does `redrive` or `discard` with several dead letters: those in `ids`, or at most 1,000 open ones."""
        chosen = {"ids": None if ids is None else [*ids], "job_id": job_id, "cause": cause}
        body = without_none({"action": action, "reason": reason} | chosen)
        return await self._sender.model(BulkAnswer, Call("POST", "/api/v2/dead-letters/bulk", body=body))


class AsyncApprovals(AsyncResource):
    """Steps that wait for an approval."""

    def list(self, *, most: int | None = None) -> AsyncIterator[Approval]:
        """Yields the approvals that runs wait for."""
        return self._sender.items(Approval, Call("GET", "/api/v2/approvals", query={"limit": None}), most)

    async def get(self, execution_id: str, step_id: str) -> ApprovalDetails:
        """Returns an approval, with the configurations that it covers."""
        path = route("/api/v2/runs/{}/approvals/{}", execution_id, step_id)
        return await self._sender.model(ApprovalDetails, Call("GET", path))

    async def approve(self, execution_id: str, step_id: str, *, comment: str = "", digest: str | None = None) -> Run:
        """Approves a step. With `digest`, the service refuses if the run asks for something else."""
        return await self._decide(execution_id, step_id, True, comment, digest)

    async def reject(self, execution_id: str, step_id: str, *, comment: str = "", digest: str | None = None) -> Run:
        """Rejects a step."""
        return await self._decide(execution_id, step_id, False, comment, digest)

    async def _decide(self, execution_id: str, step_id: str, approved: bool, comment: str, digest: str | None) -> Run:
        body = without_none({"approved": approved, "comment": comment, "digest": digest})
        path = route("/api/v2/runs/{}/approvals/{}", execution_id, step_id)
        return await self._sender.model(Run, Call("POST", path, body=body))
