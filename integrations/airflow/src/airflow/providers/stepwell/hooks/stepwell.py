"""The connection to a Stepwell service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from stepwell import AsyncClient, Client, StepwellError
from stepwell.models import Accepted

from .._airflow import AirflowException, BaseHook

#: The maximum number of bad ends after which a key is not tried further.
MOST_ENDS = 10_000


class StepwellHook(BaseHook):
    """Clients of the service of a connection of the type `stepwell`.

    The connection has the address in `host` (`https://stepwell.example.com`, or a host with `port`), the API key in
    `password`, and in `extra` the optional settings `project`, `key_file`, `ui_url`, `timeout` and `retries`.
    """

    conn_name_attr = "stepwell_conn_id"
    default_conn_name = "stepwell_default"
    conn_type = "stepwell"
    hook_name = "Stepwell"

    def __init__(self, stepwell_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.stepwell_conn_id = stepwell_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Returns the labels of the form, for Airflow 2."""
        return {
            "hidden_fields": ["login", "schema"],
            "relabeling": {"host": "Address", "password": "API key"},
            "placeholders": {"host": "https://stepwell.example.com", "password": "sw_..."},
        }

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Returns the further fields of the form, for Airflow 2."""
        from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
        from flask_babel import lazy_gettext
        from wtforms import StringField

        names = {
            "project": "Project",
            "key_file": "Key file",
            "ui_url": "Address for people",
            "timeout": "Timeout in seconds",
            "retries": "Retries",
        }
        return {name: StringField(lazy_gettext(text), widget=BS3TextFieldWidget()) for name, text in names.items()}

    def get_conn(self) -> Client:
        """Returns a blocking client. Close it."""
        return Client(**self._arguments(self.get_connection(self.stepwell_conn_id)))

    async def get_async_conn(self) -> AsyncClient:
        """Returns an asynchronous client. Close it."""
        if hasattr(BaseHook, "aget_connection"):
            connection = await self.aget_connection(self.stepwell_conn_id)
        else:
            from asgiref.sync import sync_to_async

            connection = await sync_to_async(self.get_connection)(self.stepwell_conn_id)
        return AsyncClient(**self._arguments(connection))

    def _arguments(self, connection: Any) -> dict[str, Any]:
        extra = connection.extra_dejson
        found: dict[str, Any] = {
            "server": _address(connection),
            "key": connection.password or None,
            "key_file": extra.get("key_file") or None,
            "project": extra.get("project") or None,
            "retries": self._number(extra, "retries", 5, int),
        }
        return found | {"timeout": self._number(extra, "timeout", 60.0, float)}

    def _number(self, extra: Mapping[str, Any], name: str, default: Any, kind: type) -> Any:
        value = extra.get(name)
        if value is None or value == "":
            return default
        try:
            return kind(value)
        except (TypeError, ValueError):
            place = f"the connection `{self.stepwell_conn_id}`: `{name}` in `extra`"
            raise AirflowException(f"{place} is {value!r}: use a number such as {default}") from None

    def run_url(self, execution_id: str) -> str:
        """Returns the address of the page of a run."""
        connection = self.get_connection(self.stepwell_conn_id)
        base = connection.extra_dejson.get("ui_url") or _address(connection)
        project = connection.extra_dejson.get("project") or "default"
        return f"{str(base).rstrip('/')}/ui/p/{project}/runs/{execution_id}"

    def test_connection(self) -> tuple[bool, str]:
        """Checks the address and the key."""
        try:
            with self.get_conn() as client:
                found = client.system.health()
        except (StepwellError, AirflowException) as error:
            return False, str(error)
        return True, f"Stepwell {found.version}: {found.status}"

    def attach_or_start(
        self,
        key: str,
        *,
        job_id: str | None = None,
        job: Mapping[str, Any] | str | None = None,
        variables: Mapping[str, Any] | None = None,
        priority: int | None = None,
    ) -> Accepted:
        """Starts a run, or returns the run of an earlier request with this key.

        A run that has ended badly stays as it is, and the next number of the key gets a new run. So one key has at
        most one run that is going or has succeeded, whatever happens to the worker.
        """
        body = json.dumps([job_id, job, variables, priority], sort_keys=True, default=str)
        digest = hashlib.sha256(f"{key}\n{body}".encode()).hexdigest()
        with self.get_conn() as client:
            for number in range(MOST_ENDS):
                numbered = f"airflow-{digest}-{number}"
                if job_id is not None:
                    accepted = client.jobs.run(job_id, variables=variables, priority=priority, idempotency_key=numbered)
                else:
                    accepted = client.jobs.submit(_inline(job, variables, priority), idempotency_key=numbered)
                if not accepted.replayed:
                    return accepted
                run = client.runs.get(accepted.execution_id, values=False)
                if run.succeeded or not run.ended:
                    return accepted
        raise AirflowException(f"{MOST_ENDS} runs of this task have failed")


def _inline(
    job: Mapping[str, Any] | str | None, variables: Mapping[str, Any] | None, priority: int | None
) -> Mapping[str, Any] | str:
    """Returns a job with the variables and the priority of the task."""
    if job is None or isinstance(job, str):
        return job or {}
    found = dict(job)
    if variables:
        found["vars"] = {**found.get("vars", {}), **variables}
    return found if priority is None else found | {"priority": priority}


def _address(connection: Any) -> str:
    host = str(connection.host or "")
    if not host:
        raise AirflowException(f"the connection `{connection.conn_id}` has no address: put it into `host`")
    if "://" not in host:
        # A connection from a URI has the scheme in `schema`.
        host = f"{connection.schema or 'http'}://{host}"
    return f"{host}:{connection.port}" if connection.port else host
