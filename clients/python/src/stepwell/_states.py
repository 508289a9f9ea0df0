"""The states of a run, and the reasons why it waits."""

from __future__ import annotations

import dataclasses

from ._decode import Model

#: The states in which a run has ended. A state that is not among them, also one that this version does not know,
#: counts as a run that goes ahead.
ENDED = frozenset({"success", "failed", "cancelled", "timeout", "expired"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunState(Model):
    """A view of a run that has its state."""

    status: str

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.status in ENDED

    @property
    def succeeded(self) -> bool:
        """Whether the run has ended with success."""
        return self.status == "success"


@dataclasses.dataclass(frozen=True, kw_only=True)
class WaitCause(Model):
    """A reason why a run does not start or continue. `raw` has the facts of this cause."""

    cause: str
    """The name of the cause, such as `queue_paused`."""
    fix: str = ""
    """The fix."""
