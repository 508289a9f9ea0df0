"""The description of the provider, which Airflow reads."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Returns the description."""
    base = "airflow.providers.stepwell"
    name = "Stepwell"
    return {
        "package-name": "apache-airflow-providers-stepwell",
        "name": name,
        "description": "Runs jobs of Stepwell, in which every step is a sandboxed WebAssembly component.",
        "versions": ["0.1.0"],
        "integrations": [{"integration-name": name, "external-doc-url": "", "tags": ["service"]}],
        "hooks": [{"integration-name": name, "python-modules": [f"{base}.hooks.stepwell"]}],
        "operators": [{"integration-name": name, "python-modules": [f"{base}.operators.stepwell"]}],
        "sensors": [{"integration-name": name, "python-modules": [f"{base}.sensors.stepwell"]}],
        "triggers": [{"integration-name": name, "python-modules": [f"{base}.triggers.stepwell"]}],
        "extra-links": [f"{base}.links.stepwell.StepwellRunLink"],
        "connection-types": [
            {
                "connection-type": "stepwell",
                "hook-name": name,
                "hook-class-name": f"{base}.hooks.stepwell.StepwellHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["login", "schema"],
                    "relabeling": {"host": "Address", "password": "API key"},
                    "placeholders": {"host": "https://stepwell.example.com", "password": "sw_..."},
                },
                "conn-fields": {
                    "project": _field("Project", "The project of the requests. Default: that of the key."),
                    "key_file": _field("Key file", "A file with the API key on every worker, instead of the key."),
                    "ui_url": _field("Address for people", "The address of the web UI. Default: the address above."),
                    "timeout": _field("Timeout", "Seconds until an answer begins. Default: 60.", "number"),
                    "retries": _field("Retries", "Further requests after a lost one. Default: 5.", "integer"),
                },
            }
        ],
    }


def _field(label: str, description: str, kind: str = "string") -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": [kind, "null"]}}
