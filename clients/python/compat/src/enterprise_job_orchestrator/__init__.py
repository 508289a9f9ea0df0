"""The Enterprise Job Orchestrator, over a Stepwell service."""

import logging

from .core.exceptions import (
    ConfigurationError,
    DatabaseError,
    JobExecutionError,
    JobNotFoundError,
    JobOrchestratorError,
    JobSubmissionError,
    MonitoringError,
    OrchestratorError,
    QueueError,
    ValidationError,
)
from .core.orchestrator import JobOrchestrator
from .models.job import Job, JobPriority, JobStatus, JobType, ProcessingStrategy
from .services.engine_manager import EngineManager
from .services.job_manager import JobManager
from .utils.database import DatabaseManager
from .utils.logger import get_logger, setup_logger

__version__ = "2.0.0"

__all__ = [
    "ConfigurationError",
    "DatabaseError",
    "DatabaseManager",
    "EngineManager",
    "Job",
    "JobExecutionError",
    "JobManager",
    "JobNotFoundError",
    "JobOrchestrator",
    "JobOrchestratorError",
    "JobPriority",
    "JobStatus",
    "JobSubmissionError",
    "JobType",
    "MonitoringError",
    "OrchestratorError",
    "ProcessingStrategy",
    "QueueError",
    "ValidationError",
    "__version__",
    "get_logger",
    "quick_start",
    "setup_logger",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def quick_start(database_url: str | None = None) -> JobOrchestrator:
    """Returns an orchestrator for the service at an address, or for the one in `STEPWELL_SERVER`."""
    return JobOrchestrator(DatabaseManager(database_url))
