"""The link from a task to the page of its run."""

from __future__ import annotations

from typing import Any

from .._airflow import BaseOperatorLink, XCom

#: The key of the XCom with the address.
RUN_URL = "stepwell_run_url"


class StepwellRunLink(BaseOperatorLink):
    """Opens the page of the run in the web UI of Stepwell."""

    name = "Stepwell run"

    @property
    def xcom_key(self) -> str:
        """The key of the XCom that Airflow 3 shows."""
        return RUN_URL

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Returns the address, or an empty text before the run exists."""
        return str(XCom.get_value(key=RUN_URL, ti_key=ti_key) or "")
