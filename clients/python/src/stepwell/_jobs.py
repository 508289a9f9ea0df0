"""Job definitions as bodies of requests."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any


def job_body(job: Mapping[str, Any] | str) -> Any:
    """Returns the body of a request that is a job."""
    if isinstance(job, (str, Mapping)):
        return job if isinstance(job, str) else dict(job)
    raise TypeError(f"a job is a mapping or the text of a job file, not {type(job).__name__}")


def embedded(job: Mapping[str, Any] | str, others: Mapping[str, Any] | None = None) -> tuple[Any, tuple[int, int]]:
    """Returns the body of a request that has a job in `job`, and the lines and columns before the job."""
    job = job_body(job)
    others = dict(others or {})
    if not isinstance(job, str):
        return {"job": job} | others, (0, 0)
    try:
        parsed = json.loads(job)
    except ValueError:
        # YAML: the job, moved to the right, is a value. Its line breaks stay, and so do the lines of problems.
        lines = [f"{json.dumps(name)}: {json.dumps(value)}\n" for name, value in others.items()]
        # A marker of the start of a document has no place within another one.
        job = re.sub(r"\A((?:[ \t]*(?:#[^\n]*)?\n)*)---[ \t]*(?=\n|#)", r"\1", job)
        return "".join(lines) + "job:\n" + textwrap.indent(job, "  "), (len(lines) + 1, 2)
    return {"job": parsed} | others, (0, 0)
