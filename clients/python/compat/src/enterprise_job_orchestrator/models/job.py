"""Jobs, as programs of the orchestrator build them."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, timezone
from enum import Enum
from typing import Any


class JobStatus(Enum):
    """The status of a job."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    RETRYING = "retrying"


#: The status of a job for each state of its run.
STATUS_OF_RUN = {
    "queued": JobStatus.QUEUED,
    "running": JobStatus.RUNNING,
    "waiting": JobStatus.RETRYING,
    "parked": JobStatus.PAUSED,
    "success": JobStatus.COMPLETED,
    "failed": JobStatus.FAILED,
    "cancelled": JobStatus.CANCELLED,
    "timeout": JobStatus.TIMEOUT,
    "expired": JobStatus.TIMEOUT,
}


class JobType(Enum):
    """The type of a job. The table in `services.steps` has the step of each type."""

    CUSTOM = "custom"
    SYSTEM = "system"
    ANALYTICS = "analytics"
    ETL = "etl"
    ML_TRAINING = "ml_training"
    DATA_PROCESSING = "data_processing"
    BATCH_PROCESSING = "batch_processing"
    STREAM_PROCESSING = "stream_processing"
    MACHINE_LEARNING = "machine_learning"
    DATA_ANALYSIS = "data_analysis"
    MODEL_TRAINING = "model_training"
    MODEL_INFERENCE = "model_inference"
    DATA_VALIDATION = "data_validation"
    DATA_QUALITY = "data_quality"
    DATA_CLEANING = "data_cleaning"
    DEDUPLICATION = "deduplication"
    IDENTITY_MATCHING = "identity_matching"
    ENTITY_RESOLUTION = "entity_resolution"
    RECORD_LINKAGE = "record_linkage"
    HOUSEHOLD_DETECTION = "household_detection"
    ETL_PIPELINE = "etl_pipeline"
    DATA_MIGRATION = "data_migration"
    DATA_SYNCHRONIZATION = "data_synchronization"
    BULK_EXPORT = "bulk_export"
    BULK_IMPORT = "bulk_import"
    CUSTOM_WORKFLOW = "custom_workflow"
    SCHEDULED_TASK = "scheduled_task"
    NOTIFICATION_JOB = "notification_job"
    SYSTEM_MAINTENANCE = "system_maintenance"
    BACKUP_JOB = "backup_job"
    CLEANUP_JOB = "cleanup_job"


class JobPriority(Enum):
    """The priority of a job."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"


#: The priority of the run, 0 to 9. Runs of other clients have 0 unless they ask for more.
PRIORITY_OF_RUN = {
    JobPriority.LOW: 0,
    JobPriority.NORMAL: 2,
    JobPriority.HIGH: 5,
    JobPriority.URGENT: 7,
    JobPriority.CRITICAL: 9,
}


class ProcessingStrategy(Enum):
    """The way in which a job wants its data to be processed. It has no effect: the engine decides."""

    SEQUENTIAL = "sequential"
    PARALLEL_CHUNKS = "parallel_chunks"
    STREAMING = "streaming"
    HYBRID = "hybrid"
    MAP_REDUCE = "map_reduce"
    CUSTOM = "custom"


def _new_id() -> str:
    return f"job_{uuid.uuid4().hex[:16]}"


def _now() -> datetime:
    return datetime.now(timezone.utc)


@dataclasses.dataclass
class Job:
    """A job. `job_data` (in older programs `config`) says what it does."""

    job_name: str
    job_type: JobType
    job_data: dict[str, Any] = dataclasses.field(default_factory=dict)
    job_id: str = dataclasses.field(default_factory=_new_id)
    priority: JobPriority = JobPriority.NORMAL
    processing_strategy: ProcessingStrategy = ProcessingStrategy.PARALLEL_CHUNKS
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    execution_engine: str | None = None
    status: JobStatus = JobStatus.PENDING
    input_config: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    created_by: str = "system"
    created_at: datetime = dataclasses.field(default_factory=_now)
    updated_at: datetime = dataclasses.field(default_factory=_now)
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    depends_on: list[str] = dataclasses.field(default_factory=list)
    resource_requirements: dict[str, Any] = dataclasses.field(default_factory=dict)
    job_metadata: dict[str, Any] = dataclasses.field(default_factory=dict)
    tags: list[str] = dataclasses.field(default_factory=list)
    timeout_seconds: float | None = None
    progress_percent: float = 0.0
    records_processed: int = 0
    records_total: int = 0
    parent_job_id: str | None = None
    retry_count: int = 0
    max_retries: int = 3
    error_message: str | None = None
    result: Any = None

    @property
    def data(self) -> dict[str, Any]:
        """What the job does: `config` with the keys of `job_data` over it."""
        return {**self.config, **self.job_data}

    def to_dict(self) -> dict[str, Any]:
        """Returns the job as values of JSON."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Job:
        """Makes a job from the result of `to_dict`. Unknown keys are an error."""
        values = dict(data)
        for name in ("created_at", "updated_at", "scheduled_at", "started_at", "completed_at"):
            if isinstance(values.get(name), str):
                values[name] = datetime.fromisoformat(values[name])
        kinds: dict[str, type[Enum]] = {
            "job_type": JobType,
            "priority": JobPriority,
            "processing_strategy": ProcessingStrategy,
            "status": JobStatus,
        }
        for name, kind in kinds.items():
            if isinstance(values.get(name), str):
                values[name] = kind(values[name])
        return cls(**values)

    def get_duration(self) -> float | None:
        """Returns the duration in seconds of a job that has ended."""
        if self.started_at and self.completed_at:
            return (self.completed_at - self.started_at).total_seconds()
        return None

    def can_be_cancelled(self) -> bool:
        """Returns whether the job has not ended."""
        return self.status not in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
