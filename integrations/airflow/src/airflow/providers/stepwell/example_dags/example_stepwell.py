"""An example: a job in the DAG, a stored job that waits without a worker, and a sensor.

The second task needs the stored job `airflow-wait`:

    id: airflow-wait
    vars: {seconds: 1}
    steps: [{id: pause, type: wait, for: "${{ vars.seconds }}"}]
"""

from __future__ import annotations

import datetime

from airflow.providers.stepwell.operators.stepwell import StepwellRunJobOperator
from airflow.providers.stepwell.sensors.stepwell import StepwellRunSensor

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG  # type: ignore[attr-defined,no-redef,unused-ignore]

with DAG(
    dag_id="example_stepwell",
    schedule=None,
    start_date=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    catchup=False,
    params={"seconds": 1},
    # The variable stays a number.
    render_template_as_native_obj=True,
) as dag:
    prepare = StepwellRunJobOperator(
        task_id="prepare",
        job={
            "id": "airflow-prepare",
            "workspace": "1MiB",
            "steps": [
                {"id": "folder", "type": "file_operation", "operation": "mkdir", "path": "reports"},
                {"id": "files", "type": "file_operation", "operation": "list", "path": "."},
            ],
        },
    )
    wait = StepwellRunJobOperator(
        task_id="wait",
        job_id="airflow-wait",
        variables={"seconds": "{{ params.seconds }}"},
        deferrable=True,
        retries=2,
        retry_delay=datetime.timedelta(seconds=1),
    )
    check = StepwellRunSensor(
        task_id="check",
        execution_id="{{ ti.xcom_pull(task_ids='wait')['execution_id'] }}",
        poke_interval=1,
        timeout=60,
    )
    prepare >> wait >> check
