"""The compatibility package against a service."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import Any

import pytest

from enterprise_job_orchestrator import (
    ConfigurationError,
    DatabaseManager,
    EngineManager,
    Job,
    JobNotFoundError,
    JobOrchestrator,
    JobOrchestratorError,
    JobPriority,
    JobStatus,
    JobSubmissionError,
    JobType,
    OrchestratorError,
    quick_start,
)
from enterprise_job_orchestrator.services.steps import definition

from .conftest import Service

ENGINES = {"spark": {"enabled": True, "master": "local[*]"}, "local": {"enabled": True, "max_workers": 4}}
BAD = [{"id": "bad", "type": "wait", "until": "${{ vars.day }}T06:00:00Z"}]


def manager(service: Service) -> DatabaseManager:
    return DatabaseManager({"stepwell_server": service.url, "stepwell_key_file": str(service.key_file)})


async def ended(orchestrator: JobOrchestrator, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        status = await orchestrator.get_job_status(job_id)
        assert status is not None
        if status["completed_at"] is not None:
            return status
        await asyncio.sleep(0.1)
    raise AssertionError(f"{job_id} has not ended")


async def test_a_job_in_the_enhanced_mode(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    orchestrator = JobOrchestrator(
        manager(service), engine_config=ENGINES, enable_fault_tolerance=True, enable_legacy_workers=True
    )
    with caplog.at_level(logging.WARNING):
        await orchestrator.start()
    assert "Spark is not available" in caplog.text
    assert orchestrator.get_engine_status() == {
        "engines_available": True,
        "fault_tolerance_available": True,
        "legacy_workers_enabled": False,
        "enhanced_mode": True,
    }
    data = {"workspace": "1MiB", "steps": [{"id": "a", "type": "file_operation", "operation": "mkdir", "path": "a"}]}
    job = Job(job_name="Folders", job_type=JobType.CUSTOM, job_data=data, priority=JobPriority.HIGH, tags=["x"])
    assert await orchestrator.submit_job(job) == job.job_id
    status = await ended(orchestrator, job.job_id)
    assert (status["status"], status["job_name"], status["job_type"]) == ("completed", "Folders", "custom")
    assert (status["progress_percent"], status["error_message"], status["tags"]) == (100.0, None, ["x"])
    assert status["result"]["resource_usage"]["fuel"] > 0
    assert status["engine_status"]["engine"] == "local"
    assert status["engine_status"]["health"]["spark"]["status"] == "unavailable"
    assert status["execution"]["status"] == "success"
    assert any(row["job_id"] == job.job_id for row in await orchestrator.list_jobs("completed"))
    metrics = await orchestrator.get_job_metrics(hours=24)
    assert metrics["jobs_by_status"]["completed"] >= 1 and 0 < metrics["success_rate"] <= 1
    assert set(metrics["engine_health"]) == {"spark", "local"}
    health = await orchestrator.get_system_health()
    assert health["overall_status"] in ("healthy", "degraded")
    assert set(health["engines"]) == {"spark", "local"} and "fault_tolerance" in health
    assert "UTC" in await orchestrator.get_queue_statistics()
    assert await orchestrator.cleanup_old_jobs(days=30) == 0
    await orchestrator.stop()


async def test_failures_retries_and_dead_letters(service: Service) -> None:
    orchestrator = JobOrchestrator(manager(service), enable_fault_tolerance=True)
    await orchestrator.start()
    job = Job("Due", JobType.CUSTOM, {"vars": {"day": "soon"}, "steps": BAD}, max_retries=0)
    job_id = await orchestrator.submit_job(job)
    status = await ended(orchestrator, job_id)
    assert status["status"] == "failed" and "soonT06:00:00Z" in status["error_message"]
    letters = await orchestrator.get_dead_letter_queue()
    letter = next(letter for letter in letters if letter["job_id"] == job_id)
    assert letter["failed_step"] == "bad" and "soonT06" in letter["error_message"]
    assert await orchestrator.reprocess_dead_letter_job(job_id) is True
    again = await ended(orchestrator, job_id)
    assert again["execution_id"] != status["execution_id"]
    assert await orchestrator.reprocess_dead_letter_job(status["execution_id"]) is False
    retry_id = await orchestrator.retry_job(job_id)
    assert retry_id is not None and (await ended(orchestrator, retry_id))["job_id"] == job_id
    assert await orchestrator.reprocess_dead_letter_job("no-such-job") is False
    with pytest.raises(JobNotFoundError):
        await orchestrator.retry_job("no-such-job")
    await orchestrator.stop()


async def test_the_legacy_mode_has_no_enhanced_features(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    orchestrator = JobOrchestrator(manager(service), enable_legacy_workers=False)
    await orchestrator.start()
    job = Job(job_name="critical", job_type=JobType.CUSTOM)
    status = await ended(orchestrator, await orchestrator.submit_job(job))
    assert status["status"] == "completed" and "engine_status" not in status
    with caplog.at_level(logging.WARNING):
        assert await orchestrator.retry_job(job.job_id) is None
        assert await orchestrator.get_dead_letter_queue() == []
        assert await orchestrator.reprocess_dead_letter_job(job.job_id) is False
    assert len(caplog.records) == 3
    assert "engine_health" not in await orchestrator.get_job_metrics()
    assert await orchestrator.get_job_status("no-such-job") is None
    assert await orchestrator.pause_queue("Europe/Rome") and await orchestrator.resume_queue("Europe/Rome")
    assert await orchestrator.health_check() in (True, False)
    await orchestrator.stop()
    assert not orchestrator.is_running() and not await orchestrator.health_check()
    with pytest.raises(OrchestratorError, match="not running"):
        await orchestrator.submit_job(job)


async def test_a_job_is_cancelled(service: Service) -> None:
    orchestrator = JobOrchestrator(manager(service))
    await orchestrator.start()
    job = Job(job_name="long", job_type=JobType.CUSTOM, job_data={"step": {"type": "wait", "for": 3600}})
    await orchestrator.submit_job(job)
    assert await orchestrator.cancel_job(job.job_id) is True
    assert (await ended(orchestrator, job.job_id))["status"] == "cancelled"
    assert await orchestrator.cancel_job(job.job_id, force=True) is False
    assert await orchestrator.cancel_job("no-such-job") is False
    await orchestrator.stop()


async def test_the_queries_of_jobs_run(service: Service) -> None:
    orchestrator = JobOrchestrator(manager(service))
    await orchestrator.start()
    data = {"sql_query": "SELECT 1 AS one", "connection_name": "shop"}
    job = Job(job_name="Rows", job_type=JobType.DATA_PROCESSING, job_data=data)
    status = await ended(orchestrator, await orchestrator.submit_job(job))
    assert (status["status"], status["result"]["value"]) == ("completed", [{"one": 1}])
    await orchestrator.stop()


async def test_the_transformations_of_jobs_run(service: Service) -> None:
    rows = "category,amount\na,50\na,150\nb,300\na,200\n"
    (service.home / "inbox" / "input.csv").write_text(rows)
    orchestrator = JobOrchestrator(manager(service), engine_config={"local": {"enabled": True}})
    await orchestrator.start()
    logic = [
        {"type": "filter", "condition": "amount > 100"},
        {"type": "groupby", "columns": ["category"], "aggregations": {"amount": "sum", "*": "count"}},
        {"type": "sort", "columns": ["category"]},
    ]
    data = {"input_path": "/inbox/input.csv", "processing_logic": {"transformations": logic}}
    job = Job(job_name="Sums", job_type=JobType.DATA_PROCESSING, job_data=data)
    status = await ended(orchestrator, await orchestrator.submit_job(job))
    assert status["status"] == "completed", status["error_message"]
    assert status["result"]["value"] == [
        {"category": "a", "amount_sum": 350, "count": 2},
        {"category": "b", "amount_sum": 300, "count": 1},
    ]
    await orchestrator.stop()


async def test_the_service_refuses_with_the_exceptions_of_the_reference(service: Service) -> None:
    orchestrator = JobOrchestrator(manager(service))
    await orchestrator.start()
    job = Job(job_name="odd", job_type=JobType.CUSTOM, job_data={"step": {"type": "no_such_step"}})
    with pytest.raises(JobSubmissionError, match="no_such_step") as refused:
        await orchestrator.submit_job(job)
    assert isinstance(refused.value, JobOrchestratorError) and refused.value.error_code == "JOB_SUBMISSION_ERROR"
    assert refused.value.to_dict()["details"] == {"job_config": {"step": {"type": "no_such_step"}}}
    await orchestrator.stop()
    nowhere = JobOrchestrator(DatabaseManager({"stepwell_server": "http://127.0.0.1:9", "stepwell_retries": 0}))
    with pytest.raises(OrchestratorError, match="cannot reach the service"):
        await nowhere.start()


def steps_of(kind: JobType, **data: Any) -> list[dict[str, Any]]:
    return definition(Job(job_name="a", job_type=kind, job_data=data), retries=False)["steps"]


def test_the_table_of_job_types() -> None:
    assert steps_of(JobType.CUSTOM) == [{"id": "main_step", "type": "wait", "for": 0}]
    (rows,) = steps_of(JobType.ETL, sql_query="SELECT 1", connection_name="shop", timeout_seconds=5)
    assert rows == {
        "id": "main_step", "type": "sql", "query": "SELECT 1", "connection_name": "shop", "timeout": 5,
    }  # fmt: skip
    assert steps_of(JobType.SYSTEM, powershell_script="1")[0] == {
        "id": "main_step",
        "type": "powershell",
        "script": "1",
    }
    assert steps_of(JobType.NOTIFICATION_JOB, url="https://a.example", method="POST")[0]["type"] == "http"
    (data,) = steps_of(
        JobType.DATA_PROCESSING,
        input_path="/data/input.csv",
        output_path="/data/output.parquet",
        processing_logic={
            "transformations": [
                {"type": "filter", "condition": "amount > 100"},
                {"type": "groupby", "columns": ["category"], "aggregations": {"amount": "sum", "*": "count"}},
                {"type": "sort", "columns": ["category"]},
                {"type": "select", "columns": ["category", 'a"b']},
            ]
        },
    )
    inner = "SELECT * FROM (SELECT * FROM input) AS rows WHERE amount > 100"
    grouped = (
        f'SELECT "category", sum("amount") AS "amount_sum", count(*) AS "count" FROM ({inner}) AS rows '
        'GROUP BY "category"'
    )
    assert data == {
        "id": "main_step",
        "type": "data_processing",
        "inputs": {"input": "/data/input.csv"},
        "output": "/data/output.parquet",
        "query": f'SELECT "category", "a""b" FROM (SELECT * FROM ({grouped}) AS rows ORDER BY "category") AS rows',
    }


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (JobType.CUSTOM, {"operation": "process", "records": 1}, "no step does what `operation`, `records`"),
        (JobType.SYSTEM, {"command": "echo"}, "no step does what `command`"),
        (JobType.CUSTOM, {"steps": 7}, "must be a list of steps"),
        (JobType.CUSTOM, {"step": 7}, "must be one step"),
        (JobType.ETL, {"input_path": "a.csv", "speed": 1}, "unknown keys of `job_data`: speed"),
        (JobType.ETL, {"input_path": "a", "processing_logic": 7}, "must be an object with"),
        (
            JobType.ETL,
            {"input_path": "a", "processing_logic": {"transformations": [{"type": "pivot"}]}},
            r"transformations\[0\].type` is `pivot`",
        ),
        (
            JobType.ETL,
            {"input_path": "a", "processing_logic": {"transformations": [{"type": "filter"}]}},
            r"transformations\[0\].condition` must be a text",
        ),
        (
            JobType.ETL,
            {"input_path": "a", "processing_logic": {"transformations": [{"type": "select", "columns": []}]}},
            "must be a list of names",
        ),
    ],
)
def test_jobs_without_a_step_are_refused(kind: JobType, data: dict[str, Any], message: str) -> None:
    with pytest.raises(JobSubmissionError, match=message):
        steps_of(kind, **data)


def test_definitions_have_the_fields_of_the_job() -> None:
    job = Job("Name", JobType.CUSTOM, priority=JobPriority.CRITICAL, tags=["a"], max_retries=2, timeout_seconds=60)
    found = definition(job, retries=True)
    assert (found["id"], found["name"], found["priority"]) == (job.job_id, "Name", 9)
    assert (found["max_retries"], found["timeout_seconds"], found["metadata"]["tags"]) == (2, 60, ["a"])
    assert "max_retries" not in definition(job, retries=False)


def test_jobs_survive_a_dictionary() -> None:
    job = Job("Name", JobType.ETL, {"a": 1}, config={"b": 2}, status=JobStatus.RUNNING)
    assert Job.from_dict(job.to_dict()) == job
    assert job.data == {"a": 1, "b": 2} and job.can_be_cancelled() and job.get_duration() is None


def test_configurations_are_checked(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="stepwell_sever"):
        DatabaseManager({"stepwell_sever": "http://127.0.0.1:1"})
    with pytest.raises(ConfigurationError, match=r"engine_config\.spark"):
        EngineManager({"spark": True})
    with pytest.raises(ConfigurationError, match="http"):
        DatabaseManager({"stepwell_server": "nowhere"}).client  # noqa: B018
    with caplog.at_level(logging.INFO):
        assert quick_start("postgresql://localhost/jobs").db.connection_string == "postgresql://localhost/jobs"
    assert "no effect" in caplog.text
    monkeypatch.setenv("STEPWELL_SERVER", "http://127.0.0.1:2")
    assert JobOrchestrator(object()).db.client.server == "http://127.0.0.1:2"


@pytest.mark.skipif("STEPWELL_WITH_SPARK" in os.environ, reason="the extra `spark` is installed")
def test_without_the_extra_a_warning_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        orchestrator = JobOrchestrator(DatabaseManager(), engine_config={"spark": {"enabled": True}})
    assert "enterprise-job-orchestrator[spark]" in caplog.text
    assert orchestrator.engine_manager is not None and orchestrator.engine_manager.spark_session() is None
