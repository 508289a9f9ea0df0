"""The orchestrator and its exceptions."""

from .orchestrator import JobOrchestrator

__all__ = ["JobOrchestrator"]
