"""The services behind the orchestrator."""
