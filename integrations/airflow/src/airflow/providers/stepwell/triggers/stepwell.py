"""Waits for a run in the triggerer, without a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from stepwell import StepwellError
from stepwell.errors import ConflictError, WaitTimeoutError

from ..hooks.stepwell import StepwellHook


class StepwellJobTrigger(BaseTrigger):
    """Fires when a run has ended.

    The event has `status` (that of the run, `timeout_of_task` or `error`), `execution_id` and `message`. The trigger
    follows the stream of the run, and asks for its status where no stream is free. It survives restarts of the
    service that take at most `patience` seconds, and of the triggerer.
    """

    def __init__(
        self,
        execution_id: str,
        stepwell_conn_id: str = StepwellHook.default_conn_name,
        timeout: float | None = None,
        patience: float = 600.0,
        cancel_on_kill: bool = True,
    ) -> None:
        super().__init__()
        self.execution_id = execution_id
        self.stepwell_conn_id = stepwell_conn_id
        self.timeout = timeout
        self.patience = patience
        self.cancel_on_kill = cancel_on_kill

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Returns the class and its arguments."""
        names = ("execution_id", "stepwell_conn_id", "timeout", "patience", "cancel_on_kill")
        arguments = {name: getattr(self, name) for name in names}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits for the end of the run."""
        event = {"status": "error", "execution_id": self.execution_id, "message": ""}
        try:
            async with await StepwellHook(self.stepwell_conn_id).get_async_conn() as client:
                run = await client.runs.wait(self.execution_id, timeout=self.timeout, patience=self.patience)
            event |= {"status": run.status, "message": run.message}
        except WaitTimeoutError as error:
            event |= {"status": "timeout_of_task", "message": str(error)}
        except StepwellError as error:
            event |= {"message": str(error)}
        yield TriggerEvent(event)

    async def on_kill(self) -> None:
        """Cancels the run of a deferred task that a person marks or clears. Airflow 3.3 and newer calls this."""
        if not self.cancel_on_kill:
            return
        async with await StepwellHook(self.stepwell_conn_id).get_async_conn() as client:
            try:
                await client.runs.cancel(self.execution_id, reason="the task of Airflow was killed")
            except ConflictError:
                self.log.info("the run %s has ended already", self.execution_id)
