"""Workers against a service: results, failures, losses, cancellations, and the worker of the orchestrator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import stepwell
from enterprise_job_orchestrator import DatabaseManager, Job, JobOrchestrator, JobType

from .conftest import Service, home

CONFIG = "service: {lease: 3s}\n"


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose leases are short."""
    running = Service(home(tmp_path_factory), CONFIG).start()
    yield running
    running.stop()


def job(function: str, **more: Any) -> dict[str, Any]:
    return {"id": "work", "steps": [{"id": "a", "type": "worker", "function": function, **more}]}


def until(what: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it does not happen")


def test_results_and_failures(fast: Service) -> None:
    calls: list[int] = []
    with fast.client() as client:
        worker = stepwell.Worker(client, capacity=4, poll=1.0)

        @worker.function
        def double(given: dict[str, Any]) -> dict[str, Any]:
            return {"n": 2 * given["n"]}

        @worker.function("waits")
        async def slow(given: dict[str, Any]) -> str:
            return "done"

        @worker.function
        def flaky(given: dict[str, Any]) -> None:
            calls.append(1)
            if len(calls) == 1:
                raise stepwell.WorkError("the printer is off", code="unavailable", retryable=True)

        @worker.function
        def broken(given: dict[str, Any]) -> None:
            raise ZeroDivisionError("by nothing")

        @worker.function
        def strange(given: dict[str, Any]) -> object:
            return object()

        worker.start()
        run = client.jobs.execute(job("double", input={"n": 21}))
        assert run.succeeded and run.steps[0].value == {"n": 42}, run
        assert client.jobs.execute(job("waits")).steps[0].value == "done"
        retry = {"max_attempts": 2, "backoff": "100ms"}
        assert client.jobs.execute(job("flaky", retry=retry)).succeeded and len(calls) == 2
        failed = client.jobs.execute(job("broken", retry=retry))
        assert failed.status == "failed" and "ZeroDivisionError: by nothing" in str(failed.raw)
        assert "is refused" in str(client.jobs.execute(job("strange")).raw)
        (shown,) = [one for one in client.workers.list() if one.worker == worker.worker_id]
        assert shown.functions == ["broken", "double", "flaky", "strange", "waits"] and not shown.silent
        worker.stop()
        assert worker.worker_id is None and list(client.workers.list()) == []


def test_a_function_sets_variables(fast: Service) -> None:
    with fast.client() as client:
        worker = stepwell.Worker(client, poll=1.0)

        @worker.function
        def counts(given: dict[str, Any], task: stepwell.Task) -> None:
            task.set_variable(given["name"], 3)

        worker.start()
        run = client.jobs.execute(job("counts", input={"name": "total"}) | {"vars": {"total": 0}})
        assert run.succeeded, run
        refused = client.jobs.execute(job("counts", input={"name": "other"}))
        assert refused.status == "failed" and "CONTEXT_WRITE_NOT_GRANTED" in str(refused.raw), refused
        worker.stop()


def test_a_cancellation_reaches_the_function(fast: Service) -> None:
    began, heard = threading.Event(), threading.Event()
    with fast.client() as client:
        worker = stepwell.Worker(client, poll=1.0)

        @worker.function
        def forever(given: dict[str, Any], task: stepwell.Task) -> None:
            began.set()
            if task.wait_cancelled(30):
                heard.set()
            task.raise_if_cancelled()

        worker.start()
        run = client.jobs.submit(job("forever")).execution_id
        assert began.wait(20)
        client.runs.cancel(run)
        assert heard.wait(10)
        assert client.runs.wait(run, timeout=30).status == "cancelled"
        worker.stop()


def test_work_of_a_killed_worker_is_done_by_another(fast: Service, tmp_path: Path) -> None:
    first = _process(fast, tmp_path, "while True: time.sleep(1)")
    with fast.client() as client:
        run = client.jobs.submit(job("f")).execution_id
        until(lambda: (tmp_path / "began").exists())
        first.kill()
        first.wait()
        (tmp_path / "began").unlink()
        second = _process(fast, tmp_path, "return {'by': 'second'}")
        ended = client.runs.wait(run, timeout=60)
        assert ended.succeeded and ended.steps[0].value == {"by": "second"}
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=30) == 0


def test_a_worker_drains_after_sigterm(fast: Service, tmp_path: Path) -> None:
    process = _process(fast, tmp_path, "time.sleep(4); return {'n': 1}")
    with fast.client() as client:
        run = client.jobs.submit(job("f")).execution_id
        until(lambda: (tmp_path / "began").exists())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        ended = client.runs.wait(run, timeout=30)
        assert ended.succeeded and ended.steps[0].value == {"n": 1}
        # A worker that ends leaves; one that is killed is forgotten later.
        assert not any(one.name.endswith(f"-{process.pid}") for one in client.workers.list())


def test_a_late_end_is_refused(fast: Service) -> None:
    with fast.client() as client:
        registered = client.workers.register("late", ["f"])
        run = client.jobs.submit(job("f")).execution_id
        (item,) = client.workers.poll(registered.worker, wait=20)
        until(lambda: client.runs.get(run).steps[0].attempts > 1, 60)
        with pytest.raises((stepwell.errors.ConflictError, stepwell.errors.NotFoundError)):
            client.workers.complete(registered.worker, item, {})
        client.runs.cancel(run)
        client.workers.leave(registered.worker)


async def test_the_orchestrator_has_workers(fast: Service) -> None:
    manager = DatabaseManager({"stepwell_server": fast.url, "stepwell_key_file": str(fast.key_file)})
    orchestrator = JobOrchestrator(manager, enable_legacy_workers=True)
    threads: list[str] = []

    @orchestrator.register_function("send_report")
    def send(given: dict[str, Any]) -> dict[str, Any]:
        threads.append(threading.current_thread().name)
        return {"to": given["to"], "pid": os.getpid()}

    await orchestrator.start()
    assert orchestrator.get_engine_status()["legacy_workers_enabled"] is True
    found = [
        Job("send_report", JobType.CUSTOM, {"to": "ann"}),
        Job("Report", JobType.CUSTOM, {"function": "send_report", "to": "ann"}),
    ]
    for one in found:
        job_id = await orchestrator.submit_job(one)
        await manager.client.runs.wait(await orchestrator.job_manager.run_id(job_id), timeout=60)
        status = await orchestrator.get_job_status(job_id)
        assert status is not None and status["status"] == "completed", status
        assert status["result"]["value"] == {"to": "ann", "pid": os.getpid()}
    health = await orchestrator.get_system_health()
    assert health["workers"]["registered"] >= 1 and health["workers"]["jobs_in_hand"] == 0
    await orchestrator.stop()
    assert len(threads) == 2 and orchestrator.get_engine_status()["legacy_workers_enabled"] is False


def _process(service: Service, directory: Path, body: str) -> subprocess.Popen[bytes]:
    """Starts a worker with the function `f` in a process of its own."""
    program = f"""
        import pathlib, time, stepwell

        worker = stepwell.Worker(poll=1.0)

        @worker.function
        def f(given):
            pathlib.Path({str(directory / "began")!r}).touch()
            {body}

        worker.run()
    """
    variables = {**os.environ, "STEPWELL_SERVER": service.url, "STEPWELL_KEY_FILE": str(service.key_file)}
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], env=variables)
