"""The table of job types: the steps that run a job.

The keys of `job_data` decide, in this order:

| keys of `job_data` | steps |
|---|---|
| `steps` | these steps, unchanged |
| `step` | this step, unchanged |
| `function`, or none and the name of the job is that of a registered function, for `FUNCTIONS` | `worker` |
| `query` or `sql_query`, with `connection_name` | `sql` |
| `script`, `powershell_script` or `script_path` | `powershell` |
| `url` | `http` |
| `query` with `inputs`, or `input_path` | `data_processing`, for the types in `DATA` |
| none | a step that ends at once |

A job with other keys is refused, because no step would do what they say.
"""

from __future__ import annotations

from typing import Any

from ..core.exceptions import JobSubmissionError
from ..models.job import PRIORITY_OF_RUN, Job, JobType
from .legacy_workers import LegacyWorkers

#: The types that read and write data files.
DATA = frozenset(JobType) - {
    JobType.CUSTOM,
    JobType.SYSTEM,
    JobType.CUSTOM_WORKFLOW,
    JobType.SCHEDULED_TASK,
    JobType.NOTIFICATION_JOB,
    JobType.SYSTEM_MAINTENANCE,
    JobType.BACKUP_JOB,
    JobType.CLEANUP_JOB,
}
#: The types whose work a function of a worker may do.
FUNCTIONS = frozenset({JobType.CUSTOM, JobType.CUSTOM_WORKFLOW})
#: Keys of `job_data` that belong to the job instead of its step.
OF_JOB = frozenset({"steps", "step", "workspace", "vars", "on_failure", "finally", "locks", "timezone"})
#: Keys of `job_data` with another name in the step.
OLD_NAMES = {"sql_query": "query", "powershell_script": "script", "timeout_seconds": "timeout"}
#: The name of the step that the table makes.
STEP = "main_step"


def definition(
    job: Job, *, retries: bool, engine: str | None = None, workers: LegacyWorkers | None = None
) -> dict[str, Any]:
    """Returns the job of Stepwell that does what a job of the orchestrator says."""
    data = job.data
    found: dict[str, Any] = {
        "id": job.job_id,
        "name": job.job_name,
        "priority": PRIORITY_OF_RUN[job.priority],
        "steps": steps(job, engine, workers),
        "metadata": {
            **job.job_metadata,
            "tags": [*job.tags],
            "orchestrator": {"job_type": job.job_type.value, "created_by": job.created_by},
        },
    }
    found |= {key: data[key] for key in OF_JOB - {"steps", "step"} if key in data}
    if retries:
        found["max_retries"] = job.max_retries
    if job.timeout_seconds is not None:
        found["timeout_seconds"] = job.timeout_seconds
    return found


def steps(job: Job, engine: str | None = None, workers: LegacyWorkers | None = None) -> list[Any]:
    """Returns the steps of a job, by the table."""
    data = job.data
    if "steps" in data:
        if not isinstance(data["steps"], list):
            raise _refused(job, "`job_data.steps` must be a list of steps")
        return data["steps"]
    if "step" in data:
        if not isinstance(data["step"], dict):
            raise _refused(job, "`job_data.step` must be one step, such as {'type': 'sql', ...}")
        return [{"id": STEP, **data["step"]}]
    given = {OLD_NAMES.get(key, key): value for key, value in data.items() if key not in OF_JOB}
    function = _function(job, given, workers)
    if function is not None:
        return [{"id": STEP, "type": "worker", "function": function, "input": given}]
    kind = _kind(job, given)
    if kind is None and given:
        keys = ", ".join(f"`{key}`" for key in sorted(data))
        raise _refused(
            job,
            f"no step does what {keys} of a job of the type `{job.job_type.value}` say: put a step of Stepwell into "
            "`job_data['step']`, or see the table of job types",
        )
    if kind is None:
        return [{"id": STEP, "type": "wait", "for": 0}]
    if kind == "data_processing" and "input_path" in given:
        given = _from_paths(job, given)
    if kind == "data_processing" and engine is not None:
        given["engine"] = engine
    return [{"id": STEP, "type": kind, **given}]


def _function(job: Job, given: dict[str, Any], workers: LegacyWorkers | None) -> str | None:
    """Returns the function that does the work of a job. Takes its name out of the keys."""
    if workers is None or not workers.enabled or job.job_type not in FUNCTIONS:
        return None
    if isinstance(given.get("function"), str):
        return str(given.pop("function"))
    return job.job_name if job.job_name in workers.functions else None


def _kind(job: Job, given: dict[str, Any]) -> str | None:
    if "query" in given and "connection_name" in given:
        return "sql"
    if "script" in given or "script_path" in given:
        return "powershell"
    if "url" in given:
        return "http"
    if job.job_type in DATA and (("query" in given and "inputs" in given) or "input_path" in given):
        return "data_processing"
    return None


def _from_paths(job: Job, given: dict[str, Any]) -> dict[str, Any]:
    """Makes a query from `input_path`, `output_path` and `processing_logic`."""
    unknown = set(given) - {"input_path", "output_path", "processing_logic"}
    if unknown:
        raise _refused(job, f"unknown keys of `job_data`: {', '.join(sorted(unknown))}")
    logic = given.get("processing_logic") or {}
    if not isinstance(logic, dict) or set(logic) - {"transformations"}:
        raise _refused(job, "`processing_logic` must be an object with `transformations`")
    query = "SELECT * FROM input"
    for i, transformation in enumerate(logic.get("transformations", [])):
        place = f"processing_logic.transformations[{i}]"
        query = _transformed(job, query, transformation, place)
    step: dict[str, Any] = {"inputs": {"input": given["input_path"]}, "query": query}
    return step | ({"output": given["output_path"]} if given.get("output_path") else {})


def _transformed(job: Job, query: str, transformation: Any, place: str) -> str:
    kind = transformation.get("type") if isinstance(transformation, dict) else None
    within = f"({query}) AS rows"
    if kind == "filter":
        return f"SELECT * FROM {within} WHERE {_text(job, transformation, 'condition', place)}"
    if kind == "select":
        return f"SELECT {_columns(job, transformation, place)} FROM {within}"
    if kind == "sort":
        return f"SELECT * FROM {within} ORDER BY {_columns(job, transformation, place)}"
    if kind in ("groupby", "group_by"):
        columns = _columns(job, transformation, place)
        sums = transformation.get("aggregations") or {"*": "count"}
        if not isinstance(sums, dict):
            raise _refused(job, f"`{place}.aggregations` must be an object, such as {{'price': 'sum'}}")
        shown = [_aggregate(job, column, function, place) for column, function in sums.items()]
        return f"SELECT {columns}, {', '.join(shown)} FROM {within} GROUP BY {columns}"
    raise _refused(job, f"`{place}.type` is `{kind}`: use filter, select, sort or groupby, or a `query` instead")


def _aggregate(job: Job, column: str, function: Any, place: str) -> str:
    if function not in ("count", "sum", "avg", "min", "max"):
        raise _refused(job, f"`{place}.aggregations.{column}` is `{function}`: use count, sum, avg, min or max")
    inner = "*" if column == "*" else _quoted(column)
    return f"{function}({inner}) AS {_quoted(function if column == '*' else f'{column}_{function}')}"


def _text(job: Job, transformation: dict[str, Any], key: str, place: str) -> str:
    value = transformation.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _refused(job, f"`{place}.{key}` must be a text")
    return value


def _columns(job: Job, transformation: dict[str, Any], place: str) -> str:
    value = transformation.get("columns")
    if not isinstance(value, list) or not value or not all(isinstance(column, str) for column in value):
        raise _refused(job, f"`{place}.columns` must be a list of names")
    return ", ".join(_quoted(column) for column in value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _refused(job: Job, message: str) -> JobSubmissionError:
    return JobSubmissionError(f"{job.job_name}: {message}", job_config=job.data)
