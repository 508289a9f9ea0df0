"""DAGs that run in this process, with their triggers, against a service."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import textwrap
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from .conftest import HOME, URL, Service

pytestmark = pytest.mark.usefixtures("service", "database")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def new_dag(**options: Any) -> Any:
    try:
        from airflow.sdk import DAG
    except ImportError:
        from airflow import DAG
    return DAG(dag_id=f"dag_{uuid.uuid4().hex[:8]}", schedule=None, start_date=START, catchup=False, **options)


def run_now(dag: Any) -> Any:
    """Runs a DAG. Airflow 3 runs only DAGs that its database has."""
    try:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    except ImportError:
        return run_in_airflow_2(dag)
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=os.devnull)
    bag.dags = {dag.dag_id: dag}
    sync_bag_to_db(bag, "dags-folder", None)
    return dag.test()


def run_in_airflow_2(dag: Any) -> Any:
    """Runs a DAG. In Airflow 2, a timeout of a task leaves the test of a DAG."""
    from airflow.exceptions import AirflowTaskTimeout
    from airflow.models import DagRun

    try:
        return dag.test()
    except AirflowTaskTimeout:
        (run,) = DagRun.find(dag_id=dag.dag_id)
        return run


def client() -> Any:
    from airflow.providers.stepwell.hooks.stepwell import StepwellHook

    return StepwellHook().get_conn()


def wait_job(seconds: float = 0, **more: Any) -> dict[str, Any]:
    steps = [{"id": "pause", "type": "wait", "for": seconds}]
    return {"id": f"airflow-{uuid.uuid4().hex[:8]}", "steps": steps, **more}


def bad_job() -> dict[str, Any]:
    return wait_job(vars={"day": "soon"}) | {
        "steps": [{"id": "bad", "type": "wait", "until": "${{ vars.day }}T06:00:00Z"}]
    }


def put_wait_job() -> None:
    """Stores the job that the example needs, as its page shows it."""
    from airflow.providers.stepwell.example_dags import example_stepwell

    text = textwrap.dedent(str(example_stepwell.__doc__).partition(":\n\n")[2])
    with client() as found:
        found.jobs.put("airflow-wait", text)


def runs_of(job: dict[str, Any]) -> list[Any]:
    with client() as found:
        return list(found.runs.list(job_id=job["id"]))


def operator(dag: Any, **options: Any) -> Any:
    from airflow.providers.stepwell.operators.stepwell import StepwellRunJobOperator

    with dag:
        return StepwellRunJobOperator(task_id=options.pop("task_id", "run"), **options)


def result(run: Any, task: str = "run", key: str = "return_value") -> Any:
    """Returns the XCom of a task of a run."""
    try:
        from airflow.models.xcom import XComModel as Model
    except ImportError:
        from airflow.models.xcom import XCom as Model
    from airflow.utils.session import create_session

    with create_session() as session:
        query = session.query(Model).filter_by(dag_id=run.dag_id, run_id=run.run_id, task_id=task, key=key)
        row = query.one_or_none()
        value = row.value if row else None
    while isinstance(value, (str, bytes)):
        try:
            value = json.loads(value)
        except ValueError:
            break
    return value


def states(run: Any) -> dict[str, str]:
    return {ti.task_id: str(ti.state) for ti in run.get_task_instances()}


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_job_succeeds(deferrable: bool) -> None:
    dag, job = new_dag(), wait_job(1)
    job["workspace"] = "1MiB"
    job["steps"].append({"id": "folder", "type": "file_operation", "operation": "mkdir", "path": "a"})
    job["steps"].append({"id": "files", "type": "file_operation", "operation": "list", "path": "."})
    operator(dag, job=job, deferrable=deferrable)
    run = run_now(dag)
    assert states(run) == {"run": "success"}
    found = result(run)
    (row,) = runs_of(job)
    assert (found["execution_id"], found["status"]) == (row.execution_id, "success")
    assert found["outputs"]["files"]
    assert result(run, key="stepwell_run_url").endswith(f"/ui/p/default/runs/{row.execution_id}")


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_failed_run_fails_the_task(deferrable: bool) -> None:
    dag, job = new_dag(), bad_job()
    operator(dag, job=job, deferrable=deferrable)
    assert states(run_now(dag)) == {"run": "failed"}
    assert [row.status for row in runs_of(job)] == ["failed"]


def test_large_outputs_stay_out_of_the_xcom() -> None:
    dag, job = new_dag(), wait_job(workspace="1MiB")
    job["steps"] = [
        {"id": "folder", "type": "file_operation", "operation": "mkdir", "path": "a"},
        {"id": "files", "type": "file_operation", "operation": "list", "path": "."},
    ]
    operator(dag, job=job, max_output_bytes=10)
    assert "files" not in result(run_now(dag))["outputs"]


def test_a_stored_job_takes_variables_and_a_file_is_read(tmp_path: Path) -> None:
    job = wait_job(vars={"n": 5})
    job["steps"][0]["for"] = "${{ vars.n }}"
    with client() as found:
        found.jobs.put(job["id"], job)
    dag = new_dag(params={"n": 0})
    operator(dag, task_id="stored", job_id=job["id"], variables={"n": "{{ params.n }}"})
    from_file = wait_job(vars={"n": 5})
    (tmp_path / "job.yaml").write_text(json.dumps(from_file))
    operator(dag, task_id="file", job_file=str(tmp_path / "job.yaml"), variables={"n": 0}, priority=3)
    dag.render_template_as_native_obj = True
    assert states(run_now(dag)) == {"stored": "success", "file": "success"}
    assert runs_of(from_file)[0].priority == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "not none of them"),
        ({"job_id": "a", "job": {"id": "a"}}, "not `job_id` and `job`"),
        ({"job_file": "/no/such/file.yaml"}, "cannot read the job file /no/such/file.yaml"),
    ],
)
def test_bad_arguments_have_clear_errors(options: dict[str, Any], message: str) -> None:
    from airflow.exceptions import AirflowException

    task = operator(new_dag(), **options)
    with pytest.raises(AirflowException, match=message):
        task._check()
        task._job_of_file()


def test_one_key_has_one_run_until_it_ends_badly() -> None:
    from airflow.providers.stepwell.hooks.stepwell import StepwellHook

    hook, job, key = StepwellHook(), wait_job(3600), uuid.uuid4().hex
    first = hook.attach_or_start(key, job=job)
    again = hook.attach_or_start(key, job=job)
    assert (again.execution_id, again.replayed) == (first.execution_id, True)
    with client() as found:
        found.runs.cancel(first.execution_id)
        found.runs.wait(first.execution_id, timeout=60)
    second = hook.attach_or_start(key, job=job)
    assert second.execution_id != first.execution_id
    assert hook.attach_or_start(key, job=job).execution_id == second.execution_id
    # A job with another definition is another job.
    other = hook.attach_or_start(key, job=job | {"name": "Other"})
    assert other.execution_id not in (first.execution_id, second.execution_id)
    done = hook.attach_or_start(uuid.uuid4().hex, job=wait_job())
    with client() as found:
        for run in (second, other):
            found.runs.cancel(run.execution_id)
        found.runs.wait(done.execution_id, timeout=60)


def test_a_retry_attaches_to_the_run_of_the_lost_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try dies after it has started the run, as a worker does that loses its machine."""
    from airflow.providers.stepwell.operators import stepwell as module

    dag, job = new_dag(), wait_job(2)
    operator(dag, job=job, retries=1, retry_delay=datetime.timedelta(seconds=0))
    tries: list[str] = []
    original = module.StepwellRunJobOperator.poll_until_complete

    def dies_once(self: Any, external_id: Any, context: Any) -> Any:
        tries.append(external_id)
        if len(tries) == 1:
            raise RuntimeError("the worker died")
        return original(self, external_id, context)

    monkeypatch.setattr(module.StepwellRunJobOperator, "poll_until_complete", dies_once)
    run = run_now(dag)
    assert states(run) == {"run": "success"}
    assert len(tries) == 2 and tries[0] == tries[1]
    assert len(runs_of(job)) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_retry_after_a_bad_end_starts_a_new_run(deferrable: bool) -> None:
    dag, job = new_dag(), bad_job()
    retry = {"retries": 1, "retry_delay": datetime.timedelta(seconds=0)}
    operator(dag, job=job, deferrable=deferrable, **retry)
    assert states(run_now(dag)) == {"run": "failed"}
    assert [row.status for row in runs_of(job)] == ["failed", "failed"]


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_wait_survives_a_restart_of_the_service(deferrable: bool, service: Service) -> None:
    dag, job = new_dag(), wait_job(6)
    operator(dag, job=job, deferrable=deferrable)

    def restart() -> None:
        until = time.monotonic() + 60
        while not runs_of(job):
            assert time.monotonic() < until
            time.sleep(0.2)
        service.stop()
        time.sleep(1)
        service.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    run = run_now(dag)
    restarting.join(60)
    assert states(run) == {"run": "success"}
    assert [row.status for row in runs_of(job)] == ["success"]


def test_a_deferred_task_that_times_out_cancels_its_run() -> None:
    dag, job = new_dag(), wait_job(3600)
    operator(dag, job=job, deferrable=True, execution_timeout=datetime.timedelta(seconds=2))
    assert states(run_now(dag)) == {"run": "failed"}
    with client() as found:
        assert found.runs.wait(runs_of(job)[0].execution_id, timeout=60).status == "cancelled"


def test_a_killed_task_cancels_its_run() -> None:
    dag, job = new_dag(), wait_job(3600)
    task = operator(dag, job=job, execution_timeout=datetime.timedelta(seconds=3))
    assert task.cancel_on_kill
    assert states(run_now(dag)) == {"run": "failed"}
    with client() as found:
        assert found.runs.wait(runs_of(job)[0].execution_id, timeout=60).status == "cancelled"


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("good", [False, True])
def test_a_sensor_waits_for_a_run(deferrable: bool, good: bool) -> None:
    from airflow.providers.stepwell.sensors.stepwell import StepwellRunSensor

    with client() as found:
        started = found.jobs.submit(wait_job(1) if good else bad_job())
    dag = new_dag()
    with dag:
        StepwellRunSensor(
            task_id="check",
            execution_id=started.execution_id,
            deferrable=deferrable,
            poke_interval=0.5,
            timeout=60,
        )
    run = run_now(dag)
    assert states(run) == {"check": "success" if good else "failed"}
    if good:
        assert result(run, "check") == started.execution_id


def test_the_example_runs() -> None:
    from airflow.providers.stepwell.example_dags.example_stepwell import dag

    put_wait_job()
    run = run_now(dag)
    assert states(run) == {"prepare": "success", "wait": "success", "check": "success"}
    assert result(run, "prepare")["outputs"]["files"]


def test_the_trigger_cancels_the_run_of_a_killed_task() -> None:
    from airflow.providers.stepwell.triggers.stepwell import StepwellJobTrigger

    with client() as found:
        run = found.jobs.submit(wait_job(3600)).execution_id
        path, arguments = StepwellJobTrigger(run, cancel_on_kill=False).serialize()
        assert path == "airflow.providers.stepwell.triggers.stepwell.StepwellJobTrigger"
        asyncio.run(StepwellJobTrigger(**arguments).on_kill())
        assert not found.runs.get(run).ended
        trigger = StepwellJobTrigger(run)
        asyncio.run(trigger.on_kill())
        assert found.runs.wait(run, timeout=60).status == "cancelled"
        # It has ended already.
        asyncio.run(trigger.on_kill())


def test_the_provider_is_known_to_airflow() -> None:
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert "apache-airflow-providers-stepwell" in manager.providers
    assert manager.hooks["stepwell"].hook_name == "Stepwell"


def test_the_connection_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.exceptions import AirflowException

    from airflow.providers.stepwell.hooks.stepwell import StepwellHook

    works, message = StepwellHook().test_connection()
    assert works and message.startswith("Stepwell ")
    bad = {"conn_type": "stepwell", "host": "http://127.0.0.1:9", "extra": {"retries": 0}}
    monkeypatch.setenv("AIRFLOW_CONN_BAD", json.dumps(bad))
    works, message = StepwellHook("bad").test_connection()
    assert not works and "cannot reach the service" in message
    monkeypatch.setenv("AIRFLOW_CONN_BAD", json.dumps(bad | {"extra": {"retries": "many"}}))
    assert "`retries` in `extra` is 'many'" in StepwellHook("bad").test_connection()[1]
    monkeypatch.setenv("AIRFLOW_CONN_BAD", json.dumps({"conn_type": "stepwell"}))
    with pytest.raises(AirflowException, match="has no address"):
        StepwellHook("bad").get_conn()
    assert HOME.is_dir()


def test_the_page_about_airflow_shows_the_example_and_each_argument() -> None:
    import inspect

    from airflow.providers.stepwell.operators.stepwell import StepwellRunJobOperator
    from airflow.providers.stepwell.triggers.stepwell import StepwellJobTrigger

    page = (Path(__file__).parents[3] / "docs" / "airflow.md").read_text()
    shown = page.partition("```python ")[2].partition("\n```")[0].partition("\n")[2]
    example = Path(__file__).parents[1] / "src/airflow/providers/stepwell/example_dags/example_stepwell.py"
    assert shown in example.read_text()
    for kind in (StepwellRunJobOperator, StepwellJobTrigger):
        rows = page.partition(f"| argument of `{kind.__name__}` |")[2].partition("\n\n")[0]
        parameters = inspect.signature(inspect.unwrap(kind.__init__)).parameters.values()
        for parameter in parameters:
            if parameter.name in ("self", "args", "kwargs"):
                continue
            assert f"`{parameter.name}`" in rows, parameter.name
            if isinstance(parameter.default, bool):
                row = next(line for line in rows.splitlines() if f"`{parameter.name}`" in line)
                assert row.endswith(f"| {str(parameter.default).lower()} |"), row


def test_the_connection_of_the_page_works(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.stepwell.hooks.stepwell import StepwellHook

    page = (Path(__file__).parents[3] / "docs" / "airflow.md").read_text()
    text = page.partition("AIRFLOW_CONN_STEPWELL_DEFAULT='")[2].partition("'\n")[0]
    key_file = str(service.home / "data" / "first-api-key")
    text = text.replace("http://127.0.0.1:7450", URL).replace("/run/secrets/stepwell-key", key_file)
    monkeypatch.setenv("AIRFLOW_CONN_STEPWELL_DEFAULT", text)
    assert StepwellHook().test_connection()[0]
    assert StepwellHook().run_url("exec_1") == f"{URL}/ui/p/default/runs/exec_1"
