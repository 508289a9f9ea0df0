"""Jobs as runs of the service."""

from __future__ import annotations

from typing import Any

from stepwell import ApiError, StepwellError
from stepwell.errors import NotFoundError
from stepwell.models import Run, RunRow

from ..core.exceptions import JobExecutionError, JobNotFoundError, JobSubmissionError
from ..models.job import STATUS_OF_RUN, Job, JobStatus
from ..utils.database import DatabaseManager
from ..utils.logger import get_logger
from .engine_manager import EngineManager
from .legacy_workers import LegacyWorkers
from .steps import definition

#: The beginning of the ids of runs. Every other id is that of a job, and stands for its newest run.
RUN = "exec_"


class JobManager:
    """Submits jobs, and shows their runs in the shape of the orchestrator."""

    def __init__(
        self,
        database_manager: DatabaseManager,
        engine_manager: EngineManager | None = None,
        fault_tolerance: bool = False,
        workers: LegacyWorkers | None = None,
    ) -> None:
        self.db = database_manager
        self.engine_manager = engine_manager
        self.fault_tolerance = fault_tolerance
        self.workers = workers or LegacyWorkers(False)
        self.enhanced_mode = engine_manager is not None
        self.logger = get_logger(__name__)

    async def submit_job(self, job: Job) -> str:
        """Starts a run of a job, and returns the id of the job."""
        engine = self.engine_manager.engine_of(job.execution_engine) if self.engine_manager else None
        if job.execution_engine is not None and engine is None:
            self.logger.warning("%s: the service chooses the engine, not the job", job.job_id)
        found = definition(job, retries=self.fault_tolerance, engine=engine, workers=self.workers)
        try:
            if job.scheduled_at is not None:
                await self.db.client.jobs.schedule(found, job.scheduled_at)
            else:
                await self.db.client.jobs.submit(found)
        except ApiError as error:
            raise JobSubmissionError(str(error), job_config=job.data) from error
        except (StepwellError, TypeError, ValueError) as error:
            raise JobSubmissionError(f"{job.job_name}: {error}", job_config=job.data) from error
        job.status = JobStatus.QUEUED
        return job.job_id

    async def run_id(self, job_id: str) -> str:
        """Returns the id of the run that an id stands for."""
        if job_id.startswith(RUN):
            return job_id
        async for row in self.db.client.runs.list(job_id=job_id, most=1):
            return row.execution_id
        raise JobNotFoundError(job_id)

    async def get_job_status(self, job_id: str) -> dict[str, Any] | None:
        """Returns the status of a job, or None if there is no such job."""
        try:
            run = await self.db.client.runs.get(await self.run_id(job_id))
            job = await self.db.client.runs.job(run.execution_id)
        except (JobNotFoundError, NotFoundError):
            return None
        status = _status(run, job)
        if self.engine_manager is not None:
            engines = await self.engine_manager.health(self.db.client)
            status["execution"] = {"start_time": status["started_at"], "status": run.status}
            status["engine_status"] = {"engine": _engine(run), "health": engines}
        return status

    async def list_jobs(
        self, status_filter: str | None = None, engine_filter: str | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Returns the newest runs. The service chooses engines, so a filter by engine finds nothing but its name."""
        if engine_filter not in (None, "local", "spark"):
            return []
        states = [state for state, status in STATUS_OF_RUN.items() if status.value == status_filter]
        if status_filter is not None and not states:
            return []
        found: list[RunRow] = []
        wanted: list[str | None] = [*states] if states else [None]
        for state in wanted:
            found += [row async for row in self.db.client.runs.list(status=state, most=limit)]
        found.sort(key=lambda row: row.created_at, reverse=True)
        return [_row(row) for row in found[:limit]]

    async def cancel_job(self, job_id: str, force: bool = False) -> bool:
        """Cancels a job; returns whether it was still going. Steps stop at once, also without `force`."""
        reason = "cancelled by force" if force else "cancelled"
        try:
            await self.db.client.runs.cancel(await self.run_id(job_id), reason=reason)
        except (JobNotFoundError, NotFoundError):
            return False
        except ApiError as error:
            if error.status == 409:
                return False
            raise JobExecutionError(job_id, str(error), "cancel") from error
        return True

    async def retry_job(self, job_id: str) -> str | None:
        """Runs a job that has ended again, from the step that failed; returns the id of the new run.

        Needs engines or fault tolerance; otherwise returns None.
        """
        if not (self.enhanced_mode or self.fault_tolerance):
            self.logger.warning("retry_job needs `engine_config` or `enable_fault_tolerance`")
            return None
        try:
            return (await self.db.client.runs.retry(await self.run_id(job_id))).execution_id
        except NotFoundError as error:
            raise JobNotFoundError(job_id) from error
        except StepwellError as error:
            raise JobExecutionError(job_id, str(error), "retry") from error

    async def get_job_metrics(self, hours: int = 24) -> dict[str, Any]:
        """Returns figures about the runs that ended in the last hours."""
        found = await self.db.client.system.metrics(hours=hours)
        by_status: dict[str, int] = {}
        for state, count in found.ended.items():
            name = STATUS_OF_RUN.get(state, JobStatus.FAILED).value
            by_status[name] = by_status.get(name, 0) + count
        metrics: dict[str, Any] = {
            "total_jobs": sum(by_status.values()),
            "active_jobs": (await self.db.client.system.status()).total_active_executions,
            "jobs_by_status": by_status,
            "jobs_by_name": {name: {**stats.raw} for name, stats in found.jobs.items()},
            "average_execution_time": found.duration_seconds.p50,
            "execution_time_seconds": {**found.duration_seconds.raw},
            "success_rate": found.success_rate or 0,
        }
        if self.engine_manager is not None:
            metrics["engine_health"] = await self.engine_manager.health(self.db.client)
        return metrics

    async def get_dead_letter_queue(self) -> list[dict[str, Any]]:
        """Returns the open dead letters, newest first. Needs fault tolerance; otherwise returns none."""
        if not self.fault_tolerance:
            self.logger.warning("get_dead_letter_queue needs `enable_fault_tolerance`")
            return []
        found = []
        async for letter in self.db.client.dead_letters.list(state="open"):
            found.append(
                {
                    "job_id": letter.job_id,
                    "execution_id": letter.execution_id,
                    "error_message": letter.message,
                    "error_class": letter.class_,
                    "failed_step": letter.step_id,
                    "timestamp": letter.at.isoformat(),
                }
            )
        return found

    async def reprocess_dead_letter_job(self, job_id: str) -> bool:
        """Runs an open dead letter again, the newest one of a job; returns whether there was one."""
        if not self.fault_tolerance:
            self.logger.warning("reprocess_dead_letter_job needs `enable_fault_tolerance`")
            return False
        letters = self.db.client.dead_letters
        try:
            if job_id.startswith(RUN):
                await letters.redrive(job_id)
                return True
            async for letter in letters.list(state="open", job_id=job_id, most=1):
                await letters.redrive(letter.execution_id)
                return True
        except NotFoundError:
            return False
        except ApiError as error:
            if error.status == 409:
                return False
            raise JobExecutionError(job_id, str(error), "reprocess") from error
        return False

    async def cleanup_old_jobs(self, days: int = 30) -> int:
        """Removes the runs that ended more than `days` days ago; returns their number. Dead letters stay."""
        return (await self.db.client.system.clean_up(days=days)).runs


def _status(run: Run, job: dict[str, Any]) -> dict[str, Any]:
    """Returns a run and its job in the shape of the orchestrator."""
    of = job.get("metadata", {}).get("orchestrator", {})
    failed = next((step for step in run.steps if step.status in ("failed", "timeout")), None)
    done = sum(step.status in ("success", "failed", "skipped", "timeout", "cancelled") for step in run.steps)
    status: dict[str, Any] = {
        "job_id": run.job_id,
        "execution_id": run.execution_id,
        "job_name": run.job_name,
        "job_type": of.get("job_type"),
        "status": STATUS_OF_RUN.get(run.status, JobStatus.RUNNING).value,
        "created_by": of.get("created_by"),
        "tags": job.get("metadata", {}).get("tags", []),
        "scheduled_at": _time(run.due_at),
        "started_at": _time(run.start_time),
        "completed_at": _time(run.end_time),
        "progress_percent": 100.0 * done / run.step_count if run.step_count else 0.0,
        "retry_count": max((step.attempts - 1 for step in run.steps if step.attempts), default=0),
        "error_message": (failed.output if failed else run.message) if run.ended and not run.succeeded else None,
        "result": None,
    }
    if run.ended and run.steps:
        last = run.steps[-1]
        status["result"] = {
            "status": run.status,
            "execution_time_seconds": run.duration_seconds,
            "resource_usage": {**last.receipt.raw} if last.receipt else {},
            "metadata": last.metadata,
            "value": last.value,
        }
    return status


def _engine(run: Run) -> str:
    """Returns the engine that a run used, by the metadata of its steps."""
    named = [step.metadata["engine"] for step in run.steps if "engine" in step.metadata]
    return str(named[0]) if named else "local"


def _row(row: RunRow) -> dict[str, Any]:
    return {
        "job_id": row.job_id,
        "execution_id": row.execution_id,
        "status": STATUS_OF_RUN.get(row.status, JobStatus.RUNNING).value,
        "created_at": _time(row.created_at),
        "started_at": _time(row.start_time),
        "completed_at": _time(row.end_time),
        "is_active": not row.ended,
    }


def _time(value: Any) -> str | None:
    return value.isoformat() if value is not None else None
