"""The connection to the service, and loggers."""

from .database import DatabaseManager
from .logger import get_logger, set_log_context, setup_logger

__all__ = ["DatabaseManager", "get_logger", "set_log_context", "setup_logger"]
