"""The worker of this process: it does the work of jobs that name a registered function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stepwell import Client, StepwellError, Worker

from ..core.exceptions import ConfigurationError
from ..utils.logger import get_logger

#: The number of jobs that the functions of this process do at one time, without `max_workers`.
CAPACITY = 4


class LegacyWorkers:
    """Functions by name, and the worker that takes jobs for them."""

    def __init__(self, enabled: bool, capacity: int = CAPACITY) -> None:
        self.enabled = enabled
        self.capacity = capacity
        self.logger = get_logger(__name__)
        self._functions: dict[str, Callable[..., Any]] = {}
        self._worker: Worker | None = None
        self._client: Client | None = None

    @property
    def functions(self) -> frozenset[str]:
        """The names of the functions, if the workers are switched on."""
        return frozenset(self._functions) if self.enabled else frozenset()

    @property
    def is_running(self) -> bool:
        """Whether this process takes work."""
        return self._worker is not None

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Registers a function."""
        if not self.enabled:
            raise ConfigurationError("enable_legacy_workers", "switch it on before you register functions")
        if self.is_running:
            raise ConfigurationError("enable_legacy_workers", "register functions before `start`")
        self._functions[name] = function

    def start(self, arguments: dict[str, Any]) -> None:
        """Starts the worker, if there are functions."""
        if not self.enabled or self.is_running:
            return
        if not self._functions:
            self.logger.warning("enable_legacy_workers: no function is registered, so this process takes no work")
            return
        client = Client(**arguments)
        worker = Worker(client, capacity=self.capacity, poll=2.0)
        for name, function in self._functions.items():
            worker.add(name, function)
        try:
            worker.start()
        except StepwellError:
            client.close()
            raise
        self._client, self._worker = client, worker

    def stop(self) -> None:
        """Waits for the work in hand, and ends the worker."""
        worker, self._worker = self._worker, None
        client, self._client = self._client, None
        if worker is not None:
            worker.stop()
        if client is not None:
            client.close()
