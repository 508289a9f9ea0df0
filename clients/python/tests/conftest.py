"""A service for the tests: the program in `STEPWELL_PROGRAM`, with data of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import stepwell

POLICY = """\
policy: 1
name: files
steps: [file_operation]
files: [{mount: /workspace, workspace: 4MiB, access: write}]
---
policy: 1
name: rows
steps: [sql]
sql: [{connection: shop, mode: write, rows: 1000, timeout: 10s}]
files: [{mount: /workspace, workspace: 4MiB, access: write}]
---
policy: 1
name: tables
steps: [data_processing]
profile: large
files:
  - {mount: /workspace, workspace: 4MiB, access: write}
  - {mount: /inbox, source: INBOX, access: read}
---
policy: 1
name: functions
steps: [worker]
worker: {functions: ["*"]}
context: {write: [total]}
"""


class Service:
    """A `stepwell serve` that can be killed and started again with the same data."""

    def __init__(self, home: Path, config: str = "", *options: str) -> None:
        self.home = home
        self.options = options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.key_file = home / "data" / "first-api-key"
        (home / "inbox").mkdir()
        (home / "policy.yaml").write_text(POLICY.replace("INBOX", str(home / "inbox")))
        with contextlib.closing(sqlite3.connect(home / "shop.db")) as shop_db:
            shop_db.execute("CREATE TABLE IF NOT EXISTS orders (region, price)")
            shop_db.commit()
        shop = f"connections:\n  shop: {{type: sqlite, path: {home / 'shop.db'}}}\n"
        (home / "stepwell.yaml").write_text(shop + config)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Service:
        program = os.environ["STEPWELL_PROGRAM"]
        files = ["--data-dir", "data", "--policy", "policy.yaml", "--config", "stepwell.yaml"]
        command = [program, "serve", "--listen", f"127.0.0.1:{self.port}", *files, *self.options]
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.home, stdout=log, stderr=log)
        # The service takes requests while it still compiles the large steps.
        for _ in range(1200):
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/healthz", timeout=5).is_success:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"{' '.join(command)}: {(self.home / 'log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    @property
    def key(self) -> str:
        return self.key_file.read_text().strip()

    def client(self, **options: object) -> stepwell.Client:
        return stepwell.Client(self.url, key_file=self.key_file, **options)  # type: ignore[arg-type]


def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "STEPWELL_PROGRAM" not in os.environ:
        pytest.fail("set STEPWELL_PROGRAM to the program `stepwell`; `run-tests DIR STEPWELL` does that")
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for all tests."""
    running = Service(home(tmp_path_factory)).start()
    yield running
    running.stop()


@pytest.fixture
def own_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that a test may kill."""
    running = Service(home(tmp_path_factory)).start()
    yield running
    running.stop()


@pytest.fixture
def client(service: Service) -> Iterator[stepwell.Client]:
    with service.client() as found:
        yield found
