"""A service of Stepwell, and an Airflow with a database of its own, in the environment of every test."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

# Airflow reads its environment once, when it is imported.
HOME = Path(tempfile.mkdtemp(prefix="stepwell-airflow-"))
DAGS = HOME / "dags"
EXAMPLES = Path(__file__).parents[1] / "src" / "airflow" / "providers" / "stepwell" / "example_dags"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


PORTS = {"stepwell": free_port(), "api": free_port()}
URL = f"http://127.0.0.1:{PORTS['stepwell']}"
os.environ |= {
    "AIRFLOW_HOME": str(HOME / "airflow"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__CORE__FERNET_KEY": "",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "AIRFLOW_CONN_STEPWELL_DEFAULT": json.dumps(
        {"conn_type": "stepwell", "host": URL, "extra": {"key_file": str(HOME / "stepwell" / "data" / "first-api-key")}}
    ),
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    # Ports and short intervals of an Airflow that runs as a whole: version 3, then version 2.
    "AIRFLOW__API__PORT": str(PORTS["api"]),
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{PORTS['api']}/execution/",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(PORTS["api"]),
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__SCHEDULER__LOCAL_TASK_JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    "PYTHONWARNINGS": "ignore",
}
DAGS.mkdir()

POLICY = """\
policy: 1
name: files
steps: [file_operation]
files: [{mount: /workspace, workspace: 4MiB, access: write}]
"""


class Service:
    """A `stepwell serve` that can be killed and started again with the same data."""

    def __init__(self) -> None:
        self.home = HOME / "stepwell"
        self.home.mkdir()
        (self.home / "policy.yaml").write_text(POLICY)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [os.environ["STEPWELL_PROGRAM"], "serve", "--listen", f"127.0.0.1:{PORTS['stepwell']}"]
        command += ["--data-dir", "data", "--policy", "policy.yaml"]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.home, stdout=log, stderr=log)
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{URL}/healthz", timeout=5).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
        self.stop()
        raise AssertionError((self.home / "log").read_text()[-2000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    if "STEPWELL_PROGRAM" not in os.environ:
        pytest.fail("set STEPWELL_PROGRAM to the program `stepwell`; `run-tests DIR STEPWELL` does that")
    found = Service()
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def database() -> Path:
    """The database of Airflow."""
    done = subprocess.run(["airflow", "db", "migrate"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return HOME / "airflow.db"


def pytest_sessionfinish(exitstatus: int) -> None:
    """Keeps the logs of tests that have failed."""
    if exitstatus == 0:
        shutil.rmtree(HOME, ignore_errors=True)
