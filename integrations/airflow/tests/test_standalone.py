"""A whole Airflow, with its scheduler, its triggerer and its workers, against a service."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from .conftest import DAGS, EXAMPLES, HOME, Service
from .test_dags import client, put_wait_job

pytestmark = pytest.mark.usefixtures("service", "database")
EXAMPLE, KILLED, RUN = "example_stepwell", "killed", "standalone"

KILLED_DAG = """
import datetime
from airflow.providers.stepwell.operators.stepwell import StepwellRunJobOperator
try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG("killed", schedule=None, start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)):
    StepwellRunJobOperator(
        task_id="run", job={"id": "airflow-killed", "steps": [{"id": "pause", "type": "wait", "for": 3600}]}
    )
"""


class Airflow:
    """`airflow standalone`."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (HOME / "standalone.log").open("ab") as log:
            self.process = subprocess.Popen(["airflow", "standalone"], stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        if self.process is None:
            return
        # Some of its processes leave its group, and outlive it.
        family = psutil.Process(self.process.pid).children(recursive=True)
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process = None


@pytest.fixture(scope="module")
def airflow(service: Service, database: Path) -> Iterator[Airflow]:
    shutil.copy(EXAMPLES / "example_stepwell.py", DAGS)
    (DAGS / "killed.py").write_text(KILLED_DAG)
    running = Airflow()
    running.start()
    yield running
    running.stop()


def until(what: str, check: Callable[[], Any], seconds: float = 300) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.5)
    log = (HOME / "standalone.log").read_text(errors="replace")
    raise AssertionError(f"after {seconds} seconds: not {what}\n{log[-6000:]}")


def trigger(dag_id: str, conf: str = "{}") -> None:
    """Starts a run of a DAG, as soon as Airflow knows the DAG."""
    last: list[str] = []

    def starts() -> bool:
        command = ["airflow", "dags", "trigger", dag_id, "--run-id", RUN, "--conf", conf]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        last[:] = [done.stderr[-2000:]]
        # An earlier command can have started the run, and still have failed.
        return done.returncode == 0 or "already exists" in done.stderr.lower()

    try:
        until(f"a run of {dag_id}", starts)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{last}") from None


def state(dag_id: str, task_id: str) -> str | None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        row = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=RUN, task_id=task_id).one_or_none()
        return None if row is None or row.state is None else str(row.state)


def runs(job_id: str) -> list[Any]:
    with client() as found:
        return list(found.runs.list(job_id=job_id))


def test_a_deferral_survives_restarts_of_the_service_and_of_airflow(airflow: Airflow, service: Service) -> None:
    put_wait_job()
    before = {run.execution_id for run in runs("airflow-wait")}
    trigger(EXAMPLE, '{"seconds": 20}')
    until("deferred", lambda: state(EXAMPLE, "wait") == "deferred")
    airflow.stop()
    service.stop(signal.SIGKILL)
    time.sleep(1)
    service.start()
    airflow.start()
    until("success", lambda: state(EXAMPLE, "check") == "success")
    assert [state(EXAMPLE, task) for task in ("prepare", "wait")] == ["success", "success"]
    (run,) = [run for run in runs("airflow-wait") if run.execution_id not in before]
    assert run.succeeded


def test_a_cleared_task_has_a_new_run(airflow: Airflow) -> None:
    """The tasks of the test above have succeeded."""
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.utils.session import create_session

    before = len(runs("airflow-prepare"))
    with create_session() as session:
        row = session.query(TaskInstance).filter_by(dag_id=EXAMPLE, run_id=RUN, task_id="prepare").one()
        clear_task_instances([row], session)
    until("a further run", lambda: len(runs("airflow-prepare")) == before + 1)
    until("success", lambda: state(EXAMPLE, "prepare") == "success")
    assert runs("airflow-prepare")[0].succeeded


def test_a_task_that_a_person_marks_as_failed_cancels_its_run(airflow: Airflow) -> None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    trigger(KILLED)
    (run,) = until("a run of Stepwell", lambda: runs("airflow-killed"))
    assert state(KILLED, "run") == "running"
    with create_session() as session:
        row = session.query(TaskInstance).filter_by(dag_id=KILLED, run_id=RUN, task_id="run").one()
        row.state = "failed"
    until("cancelled", lambda: runs("airflow-killed")[0].status == "cancelled", 60)
    assert [one.execution_id for one in runs("airflow-killed")] == [run.execution_id]
