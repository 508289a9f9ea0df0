"""The names of Airflow that have other places in its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Airflow 3 and 2.11 have other types. The package is checked without them.
    BaseHook: Any
    BaseOperator: Any
    BaseOperatorLink: Any
    BaseSensorOperator: Any
    XCom: Any
    ResumableJobMixin: Any
    AirflowException: Any
    AirflowTaskTimeout: Any
else:
    try:
        from airflow.sdk import BaseHook, BaseOperator, BaseOperatorLink, BaseSensorOperator
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:
        from airflow.hooks.base import BaseHook
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.xcom import XCom
        from airflow.sensors.base import BaseSensorOperator

    try:
        from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout
    except ImportError:
        from airflow.exceptions import AirflowException, AirflowTaskTimeout

    try:
        # Airflow 3.3 and newer.
        from airflow.sdk import ResumableJobMixin
    except ImportError:

        class ResumableJobMixin:
            """Submits the job in every try. The idempotency key attaches a try to the run of an earlier one."""

            external_id_key = "remote_job_id"

            def __init__(self, *, durable: bool = True, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.durable = durable

            def execute_resumable(self, context: Any) -> Any:
                external_id = self.submit_job(context)
                self.poll_until_complete(external_id, context)
                return self.get_job_result(external_id, context)


__all__ = [
    "AirflowException",
    "AirflowTaskTimeout",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "ResumableJobMixin",
    "XCom",
]
