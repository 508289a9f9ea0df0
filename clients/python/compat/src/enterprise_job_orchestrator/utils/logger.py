"""Loggers with a context."""

from __future__ import annotations

import logging
from typing import Any


def get_logger(name: str) -> logging.Logger:
    """Returns the logger of a module."""
    return logging.getLogger(name)


def setup_logger(name: str = "enterprise_job_orchestrator", level: int | str = logging.INFO) -> logging.Logger:
    """Makes the messages of this package visible on standard error."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    if not any(isinstance(handler, logging.StreamHandler) for handler in logger.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
    return logger


def set_log_context(logger: logging.Logger, **context: Any) -> logging.LoggerAdapter[logging.Logger]:
    """Returns a logger whose records have further fields."""
    return logging.LoggerAdapter(logger, context)
