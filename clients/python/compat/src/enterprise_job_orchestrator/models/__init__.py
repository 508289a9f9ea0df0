"""The models."""

from .job import Job, JobPriority, JobStatus, JobType, ProcessingStrategy

__all__ = ["Job", "JobPriority", "JobStatus", "JobType", "ProcessingStrategy"]
