"""Workers outside of the service: the requests of a worker. `stepwell.Worker` sends them for you."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from .._decode import model
from .._http import Call, route, without_none
from ..errors import UnexpectedAnswerError
from ..models import Heartbeat, RegisteredWorker, RemoteWorker, WorkItem
from .base import AsyncResource


class AsyncWorkers(AsyncResource):
    """The workers of the project, and their work."""

    def list(self, *, most: int | None = None) -> AsyncIterator[RemoteWorker]:
        """Yields the workers."""
        return self._sender.items(RemoteWorker, Call("GET", "/api/v2/workers", query={"limit": None}), most)

    async def register(self, name: str, functions: Sequence[str], *, capacity: int = 1) -> RegisteredWorker:
        """Registers a worker with its functions."""
        body = {"name": name, "functions": [*functions], "capacity": capacity}
        return await self._sender.model(RegisteredWorker, Call("POST", "/api/v2/workers/register", body=body))

    async def poll(self, worker: str, *, capacity: int | None = None, wait: float = 0.0) -> tuple[WorkItem, ...]:
        """Takes work, and waits for it for `wait` seconds (30 at most) if there is none."""
        timeout = wait + self._sender.settings.timeout
        headers = {"Prefer": f"wait={int(wait)}"}
        path = route("/api/v2/workers/{}/poll", worker)
        call = Call("POST", path, body=without_none({"capacity": capacity}), headers=headers, timeout=timeout)
        answer = await self._sender.json(call)
        if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
            raise UnexpectedAnswerError(f"{path}: the answer has no `items`")
        return tuple(model(WorkItem, item, f"/items/{i}") for i, item in enumerate(answer["items"]))

    async def heartbeat(self, worker: str, item: WorkItem) -> Heartbeat:
        """Moves the end of a lease, and returns whether the work is cancelled."""
        path = route("/api/v2/workers/{}/work/{}/heartbeat", worker, item.work)
        call = Call("POST", path, body={"fence": item.fence}, repeatable=True)
        return await self._sender.model(Heartbeat, call)

    async def complete(
        self,
        worker: str,
        item: WorkItem,
        output: Any = None,
        *,
        summary: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        """Ends work with the output of its step, which sets `variables` of the run."""
        given = {"output": output, "summary": summary, "variables": variables}
        body = {"fence": item.fence} | without_none(given)
        path = route("/api/v2/workers/{}/work/{}/complete", worker, item.work)
        await self._sender.response(Call("POST", path, body=body))

    async def fail(
        self, worker: str, item: WorkItem, message: str, *, code: str = "failed", retryable: bool = False
    ) -> None:
        """Ends work with a failure. `code` is a kind of failure, such as `unavailable`, or a name of your own."""
        body = {"fence": item.fence, "code": code, "message": message, "retryable": retryable}
        path = route("/api/v2/workers/{}/work/{}/fail", worker, item.work)
        await self._sender.response(Call("POST", path, body=body))

    async def leave(self, worker: str) -> None:
        """Removes a worker. Work that it still has is lost, and tried again."""
        await self._sender.response(Call("POST", route("/api/v2/workers/{}/leave", worker), repeatable=True))
