"""The client of Stepwell: `Client` blocks, `AsyncClient` is for asyncio.

with stepwell.Client("https://stepwell.example.com", key_file="key") as client:
    run = client.jobs.execute({"id": "hello", "steps": [{"id": "pause", "type": "wait", "for": 1}]})
    assert run.succeeded
"""

from . import errors, models
from ._async import AsyncClient
from ._decode import Model
from ._http import StepwellWarning
from ._log import LogLine
from ._sync import Client
from ._worker import Task, WorkCancelled, Worker, WorkError
from .errors import ApiError, StepwellError

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "LogLine",
    "Model",
    "StepwellError",
    "StepwellWarning",
    "Task",
    "WorkCancelled",
    "WorkError",
    "Worker",
    "__version__",
    "errors",
    "models",
]
