"""What an adaptive search is to a launch: something that proposes cells while others run. Light: no optuna, no ray."""

from typing import Protocol

from sweeps.planning.plan import PlannedTrial


class CellSource(Protocol):
    """Proposes cells, learns from what became of them. Everything is called from one thread."""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be proposed and every proposed cell has ended."""
        ...

    def propose(self) -> tuple[PlannedTrial, ...] | None:
        """Give what is still to be run of the next cell and of its baseline; they are in the store's plan by then.

        None: nothing now; ask again when a trial has ended.
        """
        ...

    def trial_ended(self, trial_id: str) -> None:
        """Hear that a trial has a row, whoever asked for it."""
        ...
