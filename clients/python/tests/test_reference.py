"""The tests of the reference, unchanged: they use `database_manager` and `job` of their module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from enterprise_job_orchestrator.core.orchestrator import JobOrchestrator
from enterprise_job_orchestrator.models.job import Job, JobType
from enterprise_job_orchestrator.utils.database import DatabaseManager

from .conftest import Service

database_manager: Any = None
job: Any = None


@pytest.fixture(autouse=True)
def names(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    global database_manager, job
    monkeypatch.setenv("STEPWELL_SERVER", service.url)
    monkeypatch.setenv("STEPWELL_KEY_FILE", str(service.key_file))
    config = {"host": "localhost", "port": 5432, "database": "enterprise_jobs", "user": "orchestrator"}
    database_manager = DatabaseManager(config)
    job = Job(job_name="test", job_type=JobType.CUSTOM, job_data={})
    yield
    database_manager = job = None


# fmt: off
async def test_backward_compatibility():
    """Test that existing code works unchanged."""
    # Original v1.0 code
    orchestrator = JobOrchestrator(database_manager)
    await orchestrator.start()

    job = Job(job_name="test", job_type=JobType.CUSTOM)
    job_id = await orchestrator.submit_job(job)

    assert job_id is not None
    status = await orchestrator.get_job_status(job_id)
    assert status is not None

    await orchestrator.stop()

async def test_enhanced_features():
    """Test new features when enabled."""
    orchestrator = JobOrchestrator(
        database_manager,
        engine_config={"local": {"enabled": True}}
    )
    await orchestrator.start()

    # Same API + enhanced features
    job_id = await orchestrator.submit_job(job)
    metrics = await orchestrator.get_job_metrics()  # NEW method

    assert "engine_health" in metrics
    await orchestrator.stop()
# fmt: on
