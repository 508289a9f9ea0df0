"""The generated files are up to date, and the client has a method for each operation of the API."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import stepwell

HERE = Path(__file__).parents[1]
ROOT = HERE.parents[1]

#: Operations that the client leaves out: those of Atlantis and of the legacy interface speak their own protocols.
LEFT_OUT = re.compile(r"^(GET|POST|DELETE) (/api/locks|/locks?|/apply/(un)?lock|/api/enhanced-locks/.*|/api/jobs/.*)$")
CALL = re.compile(
    r'Call\(\s*"(?P<method>\w+)",\s*(?:route\(\s*)?"(?P<path>[^"]+)"|'
    r'path = route\(\s*"(?P<later>[^"]+)"(?P<rest>(?:.|\n)*?)"(?P<verb>GET|POST|PUT|DELETE)"'
)


def test_the_generated_files_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, HERE / "scripts" / "generate", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_each_operation_has_a_method() -> None:
    document = json.loads((ROOT / "docs" / "schema" / "openapi.json").read_text())
    wanted = {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}"
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    found = {"GET /api/v2/runs/{}/artifacts/{}"}
    for path in (HERE / "src" / "stepwell" / "_async").glob("*.py"):
        for call in CALL.finditer(path.read_text()):
            verb, place = call["method"] or call["verb"], call["path"] or call["later"]
            found.add(f"{verb} {place}")
    missing = {operation for operation in wanted - found if not LEFT_OUT.match(operation)}
    assert missing == set()
    # The client asks for nothing that the API does not have.
    assert {one for one in found if one not in wanted and not one.endswith("/artifacts/")} == set()


def test_both_clients_have_the_same_methods() -> None:
    with stepwell.Client("http://127.0.0.1:1") as blocking:
        other = stepwell.AsyncClient("http://127.0.0.1:1")
        for name, part in vars(blocking).items():
            methods = [method for method, _ in inspect.getmembers(part, inspect.ismethod)]
            others = [method for method, _ in inspect.getmembers(vars(other)[name], inspect.ismethod)]
            assert methods and [method.replace("aclose", "close") for method in others] == methods


def test_files_and_functions_stay_small() -> None:
    for path in [*HERE.rglob("*.py"), HERE / "scripts" / "generate"]:
        if any(part.startswith(".") or part == "build" for part in path.relative_to(HERE).parts):
            continue
        assert len(path.read_text().splitlines()) < 500, path
