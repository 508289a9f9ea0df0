"""The orchestrator: the interface that programs use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from stepwell import StepwellError

from ..models.job import Job
from ..services.engine_manager import EngineManager
from ..services.job_manager import JobManager
from ..services.legacy_workers import CAPACITY, LegacyWorkers
from ..utils.database import DatabaseManager
from ..utils.logger import get_logger
from .exceptions import JobOrchestratorError, OrchestratorError, QueueError

T = TypeVar("T")

#: The queue of the jobs that programs of the orchestrator submit, if they set no time zone.
QUEUE = "UTC"


class JobOrchestrator:
    """Submits jobs to a Stepwell service, and shows them in the shape of the Enterprise Job Orchestrator.

    `engine_config` switches the enhanced mode on, `enable_fault_tolerance` retries and the dead letter queue.
    `enable_legacy_workers` makes this process a worker for the functions that `register_function` names.
    `db_manager` can be a `DatabaseManager` of this package, or any other object: the service is then the one in the
    variables of the command `stepwell`.
    """

    def __init__(
        self,
        database_manager: Any = None,
        engine_config: Mapping[str, Any] | None = None,
        enable_fault_tolerance: bool = False,
        enable_legacy_workers: bool | None = None,
    ) -> None:
        self.logger = get_logger(__name__)
        self.db = database_manager if isinstance(database_manager, DatabaseManager) else DatabaseManager()
        self.engine_manager = EngineManager(engine_config) if engine_config else None
        self.enable_fault_tolerance = enable_fault_tolerance
        self.workers = LegacyWorkers(bool(enable_legacy_workers), _capacity(engine_config))
        self.job_manager = JobManager(self.db, self.engine_manager, enable_fault_tolerance, self.workers)
        self._is_running = False
        self._shutdown = asyncio.Event()

    async def start(self) -> None:
        """Connects to the service."""
        try:
            await self.db.initialize()
            if self.engine_manager is not None:
                await self.engine_manager.check(self.db.client)
            await asyncio.to_thread(self.workers.start, self.db.arguments)
        except (JobOrchestratorError, StepwellError) as error:
            await self.stop()
            raise OrchestratorError(f"Failed to start orchestrator: {error}") from error
        self._shutdown.clear()
        self._is_running = True

    async def stop(self) -> None:
        """Waits for the work of this process, and disconnects from the service. Its runs go ahead."""
        self._is_running = False
        self._shutdown.set()
        await asyncio.to_thread(self.workers.stop)
        await self.db.close()

    def is_running(self) -> bool:
        """Returns whether `start` has connected to the service."""
        return self._is_running

    async def wait_for_shutdown(self) -> None:
        """Waits for `stop`."""
        await self._shutdown.wait()

    def register_function(self, name: str, function: Callable[..., Any] | None = None) -> Any:
        """Registers a function of this process for jobs that name it, before `start`. Without `function`, a decorator.

        It gets the keys of `job_data` as a mapping, and returns the result of the job.
        """
        if function is not None:
            self.workers.register(name, function)
            return function

        def register(given: Callable[..., Any]) -> Callable[..., Any]:
            self.workers.register(name, given)
            return given

        return register

    async def submit_job(self, job: Job) -> str:
        """Submits a job, and returns its id."""
        self._check()
        return await self.job_manager.submit_job(job)

    async def get_job_status(self, job_id: str) -> dict[str, Any] | None:
        """Returns the status of a job, or None if there is no such job."""
        return await self._ask(self.job_manager.get_job_status(job_id))

    async def list_jobs(self, status_filter: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Returns the newest runs."""
        return await self._ask(self.job_manager.list_jobs(status_filter, limit=limit))

    async def cancel_job(self, job_id: str, force: bool = False) -> bool:
        """Cancels a job; returns whether it was still going."""
        return await self._ask(self.job_manager.cancel_job(job_id, force))

    async def retry_job(self, job_id: str) -> str | None:
        """Runs a failed job again; returns the id of the new run."""
        return await self._ask(self.job_manager.retry_job(job_id))

    async def get_job_metrics(self, hours: int = 24) -> dict[str, Any]:
        """Returns figures about the jobs of the last hours."""
        return await self._ask(self.job_manager.get_job_metrics(hours))

    async def get_dead_letter_queue(self) -> list[dict[str, Any]]:
        """Returns the open dead letters."""
        return await self._ask(self.job_manager.get_dead_letter_queue())

    async def reprocess_dead_letter_job(self, job_id: str) -> bool:
        """Runs a dead letter again; returns whether there was one."""
        return await self._ask(self.job_manager.reprocess_dead_letter_job(job_id))

    async def cleanup_old_jobs(self, days: int = 30) -> int:
        """Removes old runs; returns their number."""
        return await self._ask(self.job_manager.cleanup_old_jobs(days))

    def get_engine_status(self) -> dict[str, Any]:
        """Returns the features that are switched on."""
        return {
            "engines_available": self.engine_manager is not None,
            "fault_tolerance_available": self.enable_fault_tolerance,
            "legacy_workers_enabled": self.workers.is_running,
            "enhanced_mode": self.job_manager.enhanced_mode,
        }

    async def get_system_health(self) -> dict[str, Any]:
        """Returns the health of the service, with its engines and dead letters where they are switched on."""
        return await self._ask(self._health())

    async def _health(self) -> dict[str, Any]:
        client = self.db.client
        found, metrics = await client.system.health(), await client.system.metrics(hours=24)
        queues = [queue async for queue in client.queues.list()]
        ended = sum(metrics.ended.values())
        failed = sum(count for state, count in metrics.ended.items() if state in ("failed", "timeout", "expired"))
        health: dict[str, Any] = {
            "overall_status": found.status,
            "components": {name: {**part.raw} for name, part in found.parts.items()},
            "total_jobs": ended + found.active,
            "running_jobs": found.active,
            "failed_jobs": failed,
            "queue_size": sum(queue.ready for queue in queues),
            "processing_rate": ended / 24,
            "error_rate": failed / ended if ended else 0.0,
            "version": found.version,
        }
        if self.engine_manager is not None:
            health["engines"] = self.engine_manager.health_of(found)
        if self.workers.enabled:
            workers = [worker async for worker in client.workers.list()]
            health["workers"] = {
                "registered": len(workers),
                "silent": sum(worker.silent for worker in workers),
                "jobs_in_hand": sum(worker.in_hand for worker in workers),
            }
        if self.enable_fault_tolerance:
            letters = await self.job_manager.get_dead_letter_queue()
            health["fault_tolerance"] = {"dead_letter_queue_size": len(letters)}
        return health

    async def health_check(self) -> bool:
        """Returns whether the service is there and works."""
        if not self._is_running or not await self.db.is_healthy():
            return False
        return bool((await self.get_system_health())["overall_status"] == "healthy")

    async def get_queue_statistics(self) -> dict[str, Any]:
        """Returns the length of each queue, and the age of its oldest run in seconds."""
        found = {}
        async for queue in self.db.client.queues.list():
            found[queue.queue] = {
                "queue_size": queue.ready,
                "running": queue.running,
                "oldest_seconds": queue.oldest_seconds,
                "paused": queue.paused is not None,
            }
        return found

    async def pause_queue(self, queue: str = QUEUE) -> bool:
        """Pauses a queue: none of its jobs start."""
        return await self._queue("pause", self.db.client.queues.pause(queue, reason="paused by a program"))

    async def resume_queue(self, queue: str = QUEUE) -> bool:
        """Resumes a queue."""
        return await self._queue("resume", self.db.client.queues.resume(queue))

    async def _queue(self, operation: str, call: Awaitable[None]) -> bool:
        try:
            await call
        except StepwellError as error:
            raise QueueError(operation, str(error)) from error
        return True

    def _check(self) -> None:
        if not self._is_running:
            raise OrchestratorError("Orchestrator is not running: call `await orchestrator.start()` first")

    async def _ask(self, call: Awaitable[T]) -> T:
        """Waits for an answer of the service."""
        try:
            return await call
        except StepwellError as error:
            raise OrchestratorError(str(error)) from error


def _capacity(engine_config: Mapping[str, Any] | None) -> int:
    """Returns the number of jobs that the functions of this process do at one time."""
    local = (engine_config or {}).get("local")
    most = local.get("max_workers") if isinstance(local, Mapping) else None
    return most if isinstance(most, int) and 1 <= most <= 1000 else CAPACITY
