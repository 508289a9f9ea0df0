"""The connection to the service, in the place of the connection to a database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from stepwell import AsyncClient, StepwellError

from ..core.exceptions import ConfigurationError, DatabaseError
from .logger import get_logger

#: The settings of this package in a configuration, and the arguments of the client.
SETTINGS = {
    "stepwell_server": "server",
    "stepwell_key": "key",
    "stepwell_key_file": "key_file",
    "stepwell_project": "project",
    "stepwell_timeout": "timeout",
    "stepwell_retries": "retries",
}


class DatabaseManager:
    """The connection to a Stepwell service.

    `config` is the address of the service, or a mapping with `stepwell_server`, `stepwell_key_file`, `stepwell_key`
    and `stepwell_project`. Without them, the variables of the command `stepwell` count. Settings of a database, such
    as `host` or a URL `postgresql://`, have no effect: the database belongs to the service.
    """

    def __init__(
        self,
        config: str | Mapping[str, Any] | None = None,
        pool_size: int = 10,
        max_overflow: int = 20,
        *,
        connection_string: str | None = None,
    ) -> None:
        self.connection_string = connection_string or (config if isinstance(config, str) else None)
        self.pool_size = pool_size
        self.max_overflow = max_overflow
        self.logger = get_logger(__name__)
        self._arguments = self._settings(self.connection_string or config)
        self._client: AsyncClient | None = None

    def _settings(self, config: str | Mapping[str, Any] | None) -> dict[str, Any]:
        if config is None:
            return {}
        if isinstance(config, str):
            if config.startswith(("http://", "https://")):
                return {"server": config}
            self._without_effect(["the URL of a database"])
            return {}
        if not isinstance(config, Mapping):
            raise ConfigurationError("config", f"use an address or a mapping, not {type(config).__name__}")
        unknown = [key for key in config if str(key).startswith("stepwell_") and key not in SETTINGS]
        if unknown:
            raise ConfigurationError(str(unknown[0]), f"unknown; the settings are {', '.join(SETTINGS)}")
        self._without_effect([f"`{key}`" for key in config if key not in SETTINGS])
        return {SETTINGS[key]: value for key, value in config.items() if key in SETTINGS}

    def _without_effect(self, names: list[str]) -> None:
        if names:
            where = os.environ.get("STEPWELL_SERVER", "the default address")
            text = "%s: no effect, because the service has the database (STEPWELL_SERVER: %s)"
            self.logger.info(text, ", ".join(names), where)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of a client of the service."""
        return dict(self._arguments)

    @property
    def client(self) -> AsyncClient:
        """The client of the service."""
        if self._client is None:
            try:
                self._client = AsyncClient(**self._arguments)
            except StepwellError as error:
                raise ConfigurationError("service", str(error)) from error
        return self._client

    async def initialize(self) -> None:
        """Checks that the service can be reached and accepts the key."""
        try:
            await self.client.system.status()
        except StepwellError as error:
            raise DatabaseError("initialization", str(error)) from error

    async def is_healthy(self) -> bool:
        """Returns whether the service can be reached and accepts the key."""
        try:
            await self.client.system.status()
        except StepwellError:
            return False
        return True

    async def close(self) -> None:
        """Closes the connections. The next use opens them again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
