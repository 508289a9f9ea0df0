"""The blocks of docs/python.md run as they are, one after another, against a service."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import Service

PAGE = Path(__file__).parents[3] / "docs" / "python.md"
BLOCK = re.compile(r"^```python(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_about_python_does_what_it_says(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEPWELL_SERVER", service.url)
    monkeypatch.setenv("STEPWELL_KEY_FILE", str(service.key_file))
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text()
    blocks = list(BLOCK.finditer(page))
    assert len(blocks) >= 9
    names: dict[str, Any] = {"__name__": "page"}
    with contextlib.redirect_stdout(io.StringIO()) as told:
        for block in blocks:
            # The lines of an error are those of the page.
            line = page.count("\n", 0, block.start("text"))
            exec(compile("\n" * line + block["text"], str(PAGE), "exec"), names)
    assert "success" in told.getvalue() and "`steps` must be a list, not `7`" in told.getvalue()


def test_the_page_names_each_method() -> None:
    import stepwell

    page = PAGE.read_text().partition("## The parts of the client")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE))
    with stepwell.Client("http://127.0.0.1:1") as client:
        for name, part in vars(client).items():
            if name.startswith("_") or name in ("keys", "sessions", "audit"):
                continue
            methods = {method for method in vars(type(part)) if not method.startswith("_")}
            assert set(re.findall(r"`(\w+)`", rows[name])) == methods, name
