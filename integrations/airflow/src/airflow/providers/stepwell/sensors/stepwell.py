"""Waits for a run that another task or system has started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._airflow import AirflowException, BaseSensorOperator
from ..hooks.stepwell import StepwellHook
from ..links.stepwell import RUN_URL, StepwellRunLink
from ..triggers.stepwell import StepwellJobTrigger


class StepwellRunSensor(BaseSensorOperator):
    """Succeeds when a run has succeeded, and fails when it has ended in any other way. It never cancels the run."""

    template_fields: Sequence[str] = ("execution_id",)
    operator_extra_links = (StepwellRunLink(),)
    ui_color = "#dbe7f5"

    def __init__(
        self,
        *,
        execution_id: str,
        stepwell_conn_id: str = StepwellHook.default_conn_name,
        deferrable: bool = False,
        patience: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.execution_id = execution_id
        self.stepwell_conn_id = stepwell_conn_id
        self.deferrable = deferrable
        self.patience = patience

    def execute(self, context: Any) -> Any:
        """Waits here, or defers."""
        url = StepwellHook(self.stepwell_conn_id).run_url(self.execution_id)
        context["ti"].xcom_push(key=RUN_URL, value=url)
        if not self.deferrable:
            super().execute(context)
            return self.execution_id
        self.defer(
            trigger=StepwellJobTrigger(
                self.execution_id, self.stepwell_conn_id, self.timeout, self.patience, cancel_on_kill=False
            ),
            method_name="execute_complete",
        )
        return None

    def poke(self, context: Any) -> bool:
        """Returns whether the run has succeeded."""
        with StepwellHook(self.stepwell_conn_id).get_conn() as client:
            run = client.runs.get(self.execution_id, values=False)
        if run.ended and not run.succeeded:
            raise AirflowException(f"the run {self.execution_id} ended as `{run.status}`: {run.message}")
        return run.succeeded

    def execute_complete(self, context: Any, event: dict[str, Any]) -> str:
        """Takes the event of the trigger."""
        if event["status"] != "success":
            message = f"the run {self.execution_id} ended as `{event['status']}`: {event['message']}"
            raise AirflowException(message)
        return self.execution_id
