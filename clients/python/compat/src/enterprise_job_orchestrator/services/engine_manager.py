"""The engines that run the jobs: those of the service."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

from stepwell import AsyncClient
from stepwell.models import Health

from ..core.exceptions import ConfigurationError
from ..utils.logger import get_logger

ENGINES = ("local", "spark")


class EngineManager:
    """The engines of a configuration, such as `{"local": {"enabled": True}, "spark": {"enabled": True}}`.

    The service decides where a job runs. This class reports the engines of the service, asks for one of them where
    a job does, and gives Python functions a Spark session.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = dict(config)
        self.logger = get_logger(__name__)
        for name in ENGINES:
            if not isinstance(self.config.get(name, {}), Mapping):
                raise ConfigurationError(f"engine_config.{name}", "use an object such as {'enabled': True}")
        #: Whether the step `data_processing` of the service can be told where to run. `check` finds it out.
        self.can_choose = False
        if self.enabled("spark") and importlib.util.find_spec("pyspark") is None:
            self.logger.warning(
                "Spark dependencies are not installed: spark_session() gives None, and jobs use the engines of the "
                "service. Install enterprise-job-orchestrator[spark]"
            )

    def enabled(self, name: str) -> bool:
        """Returns whether the configuration enables an engine."""
        engine = self.config.get(name)
        return isinstance(engine, Mapping) and bool(engine.get("enabled", False))

    async def check(self, client: AsyncClient) -> None:
        """Compares the configuration with the service. What the service lacks is a warning."""
        if "data_processing" in await client.steps.types():
            schema = (await client.steps.get("data_processing")).config_schema
            properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
            self.can_choose = "engine" in properties
        health = await self.health(client)
        if self.enabled("spark") and health["spark"]["status"] != "healthy":
            self.logger.warning("Spark is not available (%s): jobs run on the local engine", health["spark"]["reason"])

    def engine_of(self, wanted: str | None) -> str | None:
        """Returns the engine to ask for, if a job wants one and the service can choose."""
        if wanted is None or not self.can_choose:
            return None
        return wanted

    async def health(self, client: AsyncClient) -> dict[str, dict[str, Any]]:
        """Returns the health of each engine that the configuration names."""
        return self.health_of(await client.system.health())

    def health_of(self, found: Health) -> dict[str, dict[str, Any]]:
        """Reads the health of each engine from the health of the service."""
        reported = found.raw.get("engine_health") or found.raw.get("engines") or {}
        health: dict[str, dict[str, Any]] = {}
        for name in ENGINES:
            if name not in self.config:
                continue
            if not self.enabled(name):
                health[name] = {"status": "disabled", "reason": "the configuration does not enable it"}
            elif isinstance(reported.get(name), Mapping):
                health[name] = {"status": "unknown", "reason": None, **reported[name]}
            elif name == "local":
                health[name] = {"status": found.status, "reason": None, "active_jobs": found.active}
            else:
                health[name] = {"status": "unavailable", "reason": "the service has no Spark engine"}
        return health

    def spark_session(self, name: str = "enterprise-job-orchestrator") -> Any:
        """Returns a Spark session on the configured master, or None without Spark."""
        if not self.enabled("spark") or importlib.util.find_spec("pyspark") is None:
            return None
        from pyspark.sql import SparkSession  # type: ignore[import-not-found,unused-ignore]

        master = str(self.config["spark"].get("master") or self.config["spark"].get("remote") or "local[*]")
        builder: Any = SparkSession.builder
        remote = master.startswith("sc://")
        return (builder.remote(master) if remote else builder.master(master)).appName(name).getOrCreate()
