"""The service itself: queues, health, metrics, steps and connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from .._http import Call, route, without_none
from ..errors import ServiceUnavailableError
from ..models import (
    ActivatedStep,
    CleanedUp,
    Connection,
    ConnectionTest,
    EngineStatus,
    Health,
    HourStats,
    Metrics,
    Organization,
    QueueStatus,
    Step,
    StepJob,
)
from .base import AsyncResource

Names = list[str]


class AsyncQueues(AsyncResource):
    """The queues: one for each time zone."""

    def list(self) -> AsyncIterator[QueueStatus]:
        """Yields the queues with their depth, age, concurrency and pauses."""
        return self._sender.items(QueueStatus, Call("GET", "/api/v2/queues"))

    async def pause(self, queue: str, *, reason: str = "") -> None:
        """Pauses a queue: none of its runs start."""
        await self._sender.response(
            Call("POST", route("/api/v2/queues/{}/pause", queue), body={"reason": reason}, repeatable=True)
        )

    async def resume(self, queue: str) -> None:
        """Resumes a queue."""
        await self._sender.response(Call("POST", route("/api/v2/queues/{}/resume", queue), repeatable=True))


class AsyncSystem(AsyncResource):
    """The state of the service."""

    async def health(self) -> Health:
        """Checks each part of the service."""
        return await self._sender.model(Health, Call("GET", "/api/v2/system/health"))

    async def alive(self) -> bool:
        """Checks that the process is alive. Needs no key."""
        return (await self._sender.response(Call("GET", "/healthz"))).is_success

    async def ready(self) -> bool:
        """Checks that the service takes requests and its steps are compiled. Needs no key; does not repeat."""
        try:
            return (await self._sender.once(Call("GET", "/readyz"))).is_success
        except ServiceUnavailableError:
            return False

    async def status(self) -> EngineStatus:
        """Returns the running runs of each queue."""
        return await self._sender.model(EngineStatus, Call("GET", "/api/v2/execution/status"))

    async def metrics(self, *, hours: int = 24) -> Metrics:
        """Summarizes the runs of the last hours."""
        return await self._sender.model(Metrics, Call("GET", "/api/v2/metrics", query={"hours": hours}))

    def metrics_by_hour(self, *, hours: int = 24) -> AsyncIterator[HourStats]:
        """Counts the runs that ended in each of the last hours, the oldest hour first."""
        return self._sender.items(HourStats, Call("GET", "/api/v2/metrics/by-hour", query={"hours": hours}))

    async def prometheus(self) -> str:
        """Returns the metrics of the process that answers, in the text format 0.0.4 of Prometheus."""
        call = Call("GET", "/metrics", headers={"Accept": "text/plain"})
        return (await self._sender.response(call)).text

    async def openapi(self) -> dict[str, Any]:
        """Returns the OpenAPI document of the service."""
        return dict(await self._sender.json(Call("GET", "/api/v2/openapi.json")))

    async def clean_up(
        self, *, days: int | None = None, dry_run: bool = False, include_dead: bool = False
    ) -> CleanedUp:
        """Removes ended runs that are older than `days`, or than the retention."""
        query = {"days": days, "dry_run": dry_run, "include_dead": include_dead}
        call = Call("POST", "/api/v2/system/clean-up", query=query, repeatable=dry_run)
        return await self._sender.model(CleanedUp, call)

    def connections(self) -> AsyncIterator[Connection]:
        """Yields the connections to databases, without secrets."""
        return self._sender.items(Connection, Call("GET", "/api/v2/connections"))

    async def test_connection(self, name: str) -> ConnectionTest:
        """Logs in to a connection."""
        call = Call("POST", route("/api/v2/connections/{}/test", name), repeatable=True)
        return await self._sender.model(ConnectionTest, call)

    def organizations(self) -> AsyncIterator[Organization]:
        """Yields the Azure DevOps organizations, without secrets."""
        return self._sender.items(Organization, Call("GET", "/api/v2/azure-devops"))

    async def test_organization(self, name: str) -> ConnectionTest:
        """Logs in to an Azure DevOps organization."""
        call = Call("POST", route("/api/v2/azure-devops/{}/test", name), repeatable=True)
        return await self._sender.model(ConnectionTest, call)


class AsyncSteps(AsyncResource):
    """The step types."""

    async def types(self) -> Names:
        """Returns the names of the step types."""
        answer = await self._sender.json(Call("GET", "/api/v2/steps/types"))
        return [str(name) for name in answer["step_types"]]

    def list(self) -> AsyncIterator[Step]:
        """Yields the step types with their descriptors and versions."""
        return self._sender.items(Step, Call("GET", "/api/v2/steps"))

    async def get(self, step_type: str) -> Step:
        """Returns a step type, or one version of it (`TYPE@VERSION`)."""
        return await self._sender.model(Step, Call("GET", route("/api/v2/steps/{}", step_type)))

    def jobs(self, step_type: str, *, most: int | None = None) -> AsyncIterator[StepJob]:
        """Yields the stored jobs that use a step type."""
        path = route("/api/v2/steps/{}/jobs", step_type)
        return self._sender.items(StepJob, Call("GET", path, query={"limit": None}), most)

    async def register(self, component: bytes, *, force: bool = False, replace: bool = False) -> ActivatedStep:
        """Registers a component as the active version of its step type."""
        call = Call(
            "POST",
            "/api/v2/steps",
            query={"force": force or None, "replace": replace or None},
            body=component,
            kind="application/wasm",
        )
        return await self._sender.model(ActivatedStep, call)

    async def rollback(self, step_type: str, *, version: str | None = None) -> ActivatedStep:
        """Activates an earlier version of a registered step."""
        body = without_none({"version": version})
        call = Call("POST", route("/api/v2/steps/{}/rollback", step_type), body=body)
        return await self._sender.model(ActivatedStep, call)

    async def remove(self, step_type: str, *, force: bool = False) -> None:
        """Removes a registered step, or one version of it (`TYPE@VERSION`)."""
        query = {"force": force or None}
        await self._sender.response(Call("DELETE", route("/api/v2/steps/{}", step_type), query=query))
