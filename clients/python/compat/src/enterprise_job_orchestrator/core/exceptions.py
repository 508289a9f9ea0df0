"""The exceptions of the orchestrator."""

from __future__ import annotations

from typing import Any


class JobOrchestratorError(Exception):
    """The base of all exceptions of this package. `__cause__` is the error of the client, if there is one."""

    def __init__(self, message: str, error_code: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code
        self.details = details or {}

    def to_dict(self) -> dict[str, Any]:
        """Returns the exception as values of JSON."""
        name = type(self).__name__
        return {"error": name, "message": self.message, "error_code": self.error_code, "details": self.details}


class OrchestratorError(JobOrchestratorError):
    """The orchestrator cannot start, is not running, or cannot reach the service."""

    def __init__(self, message: str) -> None:
        super().__init__(f"Orchestrator error: {message}", "ORCHESTRATOR_ERROR")


class JobNotFoundError(JobOrchestratorError):
    """There is no such job."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job {job_id} not found", "JOB_NOT_FOUND", {"job_id": job_id})


class JobSubmissionError(JobOrchestratorError):
    """The job has no step in the table of job types, or the service refuses it."""

    def __init__(self, message: str, job_config: dict[str, Any] | None = None) -> None:
        super().__init__(f"Job submission failed: {message}", "JOB_SUBMISSION_ERROR", {"job_config": job_config})


class JobExecutionError(JobOrchestratorError):
    """An operation on a job failed."""

    def __init__(self, job_id: str, message: str, stage: str | None = None) -> None:
        text = f"Job {job_id} execution failed: {message}"
        super().__init__(text, "JOB_EXECUTION_ERROR", {"job_id": job_id, "stage": stage})


class ConfigurationError(JobOrchestratorError):
    """A setting is wrong."""

    def __init__(self, config_key: str, message: str) -> None:
        text = f"Configuration error for {config_key}: {message}"
        super().__init__(text, "CONFIGURATION_ERROR", {"config_key": config_key})


class DatabaseError(JobOrchestratorError):
    """The service cannot be reached. Its database belongs to the service."""

    def __init__(self, operation: str, message: str, table: str | None = None) -> None:
        text = f"Database operation '{operation}' failed: {message}"
        super().__init__(text, "DATABASE_ERROR", {"operation": operation, "table": table})


class QueueError(JobOrchestratorError):
    """An operation on the queue failed."""

    def __init__(self, operation: str, message: str) -> None:
        super().__init__(f"Queue operation '{operation}' failed: {message}", "QUEUE_ERROR", {"operation": operation})


class MonitoringError(JobOrchestratorError):
    """Figures are not available."""

    def __init__(self, component: str, message: str) -> None:
        text = f"Monitoring error in {component}: {message}"
        super().__init__(text, "MONITORING_ERROR", {"component": component})


class ValidationError(JobOrchestratorError):
    """A field of a job is wrong."""

    def __init__(self, field: str, message: str, value: Any = None) -> None:
        shown = None if value is None else str(value)
        text = f"Validation error for {field}: {message}"
        super().__init__(text, "VALIDATION_ERROR", {"field": field, "value": shown})
