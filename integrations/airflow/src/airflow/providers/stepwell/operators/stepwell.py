"""Runs a job of Stepwell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stepwell import Client, LogLine
from stepwell.errors import ConflictError, NotFoundError
from stepwell.models import Run

from .._airflow import AirflowException, AirflowTaskTimeout, BaseOperator, ResumableJobMixin
from ..hooks.stepwell import StepwellHook
from ..links.stepwell import RUN_URL, StepwellRunLink
from ..triggers.stepwell import StepwellJobTrigger

#: The status of a stored run that the service no longer has.
GONE = "gone"


class StepwellRunJobOperator(ResumableJobMixin, BaseOperator):
    """Runs a job and waits for its end: a stored one (`job_id`), one in the DAG (`job`) or one in a file (`job_file`).

    A retry attaches to the run of the try before it, unless that run has ended badly. A cleared task starts a new
    run. The task fails unless the run succeeds; a killed task cancels its run. The result is
    `{"execution_id", "status", "duration_seconds", "outputs": {step_id: value}}`.
    """

    # `job` is no template of Airflow: its `${{ ... }}` belongs to Stepwell. Values go in through `variables`.
    template_fields: Sequence[str] = ("job_id", "job_file", "variables", "stepwell_conn_id")
    template_fields_renderers = {"variables": "json"}
    operator_extra_links = (StepwellRunLink(),)
    ui_color = "#dbe7f5"
    external_id_key = "stepwell_execution_id"

    def __init__(
        self,
        *,
        job_id: str | None = None,
        job: Mapping[str, Any] | None = None,
        job_file: str | None = None,
        variables: Mapping[str, Any] | None = None,
        priority: int | None = None,
        stepwell_conn_id: str = StepwellHook.default_conn_name,
        deferrable: bool = False,
        patience: float = 600.0,
        cancel_on_kill: bool = True,
        max_output_bytes: int = 48 * 1024,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job = job
        self.job_file = job_file
        self.variables = variables
        self.priority = priority
        self.stepwell_conn_id = stepwell_conn_id
        self.deferrable = deferrable
        self.patience = patience
        self.cancel_on_kill = cancel_on_kill
        self.max_output_bytes = max_output_bytes
        self._execution_id: str | None = None

    @property
    def hook(self) -> StepwellHook:
        """The hook of the connection."""
        return StepwellHook(self.stepwell_conn_id)

    def execute(self, context: Any) -> Any:
        """Runs the job and waits for it here, or defers."""
        self._check()
        # A cleared task has another key, and thus a new run.
        self.external_id_key = f"{type(self).external_id_key}_{_generation(context['ti'], self.retries)}"
        if not self.deferrable:
            return self.execute_resumable(context)
        execution_id = self.submit_job(context)
        timeout = self.execution_timeout.total_seconds() if self.execution_timeout else None
        self.defer(
            trigger=StepwellJobTrigger(
                execution_id, self.stepwell_conn_id, timeout, self.patience, self.cancel_on_kill
            ),
            method_name="execute_complete",
        )
        return None

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Takes the event of the trigger."""
        self._execution_id = execution_id = event["execution_id"]
        if event["status"] == "timeout_of_task":
            self._cancel("the task of Airflow timed out")
            raise AirflowTaskTimeout(event["message"])
        if event["status"] == "error":
            raise AirflowException(f"the wait for the run {execution_id} failed: {event['message']}")
        with self.hook.get_conn() as client:
            for line in client.runs.logs(execution_id):
                self._show(line)
        return self.get_job_result(execution_id, context)

    def submit_job(self, context: Any) -> str:
        """Starts a run, or attaches to the one of an earlier try; returns its id."""
        job = self._job_of_file() if self.job_file is not None else self.job
        accepted = self.hook.attach_or_start(
            self._key(context), job_id=self.job_id, job=job, variables=self.variables, priority=self.priority
        )
        self._know(accepted.execution_id, context)
        self.log.info(
            "%s the run %s: %s",
            "attached to" if accepted.replayed else "started",
            accepted.execution_id,
            self.hook.run_url(accepted.execution_id),
        )
        return accepted.execution_id

    def get_job_status(self, external_id: Any, context: Any) -> str:
        """Returns the status of a run."""
        with self.hook.get_conn() as client:
            try:
                return client.runs.get(external_id, values=False).status
            except NotFoundError:
                return GONE

    def is_job_active(self, status: str) -> bool:
        """Returns whether a run with this status goes ahead."""
        return status in ("queued", "running", "waiting", "parked")

    def is_job_succeeded(self, status: str) -> bool:
        """Returns whether a run with this status has succeeded."""
        return status == "success"

    def poll_until_complete(self, external_id: Any, context: Any) -> Any:
        """Shows the log of a run until it has ended, and returns its result."""
        self._know(external_id, context)
        with self.hook.get_conn() as client:
            client.runs.wait(external_id, on_line=self._show, patience=self.patience)
        return self.get_job_result(external_id, context)

    def get_job_result(self, external_id: Any, context: Any) -> dict[str, Any]:
        """Returns the result of a run, or fails as the run did."""
        self._know(external_id, context)
        with self.hook.get_conn() as client:
            run = client.runs.get(external_id)
            if not run.succeeded:
                raise AirflowException(_failure(run, client))
            outputs = self._outputs(run, client)
        return {
            "execution_id": run.execution_id,
            "status": run.status,
            "duration_seconds": run.duration_seconds,
            "outputs": outputs,
        }

    def on_kill(self) -> None:
        """Cancels the run."""
        if self.cancel_on_kill and self._execution_id is not None:
            self._cancel("the task of Airflow was killed")

    def _cancel(self, reason: str) -> None:
        # The client of `execute` may be in the middle of a request.
        with self.hook.get_conn() as client:
            try:
                client.runs.cancel(str(self._execution_id), reason=reason)
                self.log.info("cancelled the run %s", self._execution_id)
            except ConflictError:
                self.log.info("the run %s has ended already", self._execution_id)

    def _check(self) -> None:
        given = [name for name in ("job_id", "job", "job_file") if getattr(self, name) is not None]
        if len(given) != 1:
            shown = " and ".join(f"`{name}`" for name in given) or "none of them"
            raise AirflowException(f"the task {self.task_id}: give `job_id`, `job` or `job_file`, not {shown}")

    def _job_of_file(self) -> Mapping[str, Any]:
        """Reads the job file. A relative path begins at the folder of the DAG."""
        path = Path(str(self.job_file))
        if not path.is_absolute() and getattr(self, "dag", None) is not None and self.dag.fileloc:
            path = Path(self.dag.fileloc).parent / path
        import yaml

        try:
            found = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise AirflowException(f"the task {self.task_id}: cannot read the job file {path}: {error}") from error
        if not isinstance(found, dict):
            raise AirflowException(f"the task {self.task_id}: the job file {path} is not a mapping")
        return found.get("job", found) if set(found) == {"job"} else found

    def _key(self, context: Any) -> str:
        ti = context["ti"]
        generation = _generation(ti, self.retries)
        return json.dumps([ti.dag_id, ti.run_id, ti.task_id, ti.map_index, generation])

    def _know(self, execution_id: str, context: Any) -> None:
        """Remembers the run, for `on_kill` and for the link."""
        if self._execution_id != execution_id:
            self._execution_id = execution_id
            context["ti"].xcom_push(key=RUN_URL, value=self.hook.run_url(execution_id))

    def _show(self, line: LogLine) -> None:
        level = {"error": self.log.error, "warn": self.log.warning, "debug": self.log.debug, "trace": self.log.debug}
        level.get(line.level, self.log.info)("%s", line)

    def _outputs(self, run: Run, client: Client) -> dict[str, Any]:
        """Returns the outputs of the steps, without those that are too large for an XCom."""
        found = {}
        for step in run.steps:
            if (step.value_bytes or 0) > self.max_output_bytes:
                self.log.warning(
                    "the output of the step %s has %s bytes, more than `max_output_bytes` (%s): it is not in the XCom",
                    step.step_id,
                    step.value_bytes,
                    self.max_output_bytes,
                )
            elif step.value_truncated:
                found[step.step_id] = client.runs.output(run.execution_id, step.step_id)
            elif step.value is not None:
                found[step.step_id] = step.value
        return found


def _generation(ti: Any, retries: int | None) -> int:
    """Returns a number that is the same for the retries of a task, and another one after it has been cleared."""
    return int((getattr(ti, "max_tries", None) or 0) - (retries or 0))


def _failure(run: Run, client: Client) -> str:
    """Returns the reason why a run failed."""
    lines = [f"the run {run.execution_id} ended as `{run.status}`: {run.message}"]
    lines += [f"  {step.step_id}: {step.output}" for step in run.steps if step.status in ("failed", "timeout")]
    if run.status == "expired":
        lines.append(f"  {client.runs.explain(run.execution_id).summary}")
    return "\n".join(lines)
