"""What Ray Tune runs: one unit or a few, on an actor that is used again for the next. In: a `Job`. Out: outcomes.

The worker publishes rows and artifacts itself; Tune is told what came of them and nothing else.
"""

from typing import Any

from ray import tune

from sweeps.units.job import Job
from sweeps.workers.arrays import attempt_array
from sweeps.workers.execute import attempt_unit
from sweeps.workers.libraries import import_libraries
from sweeps.workers.outcomes import RUNG


class UnitTrainable(tune.Trainable):
    """Runs a unit, or a few together, in one step but for rungs.

    Every unit resets the process first (`xlt_core.process_state`).
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first unit, and do nothing that takes time.

        Tune gives a unit whose worker is being set up to a worker that comes free meanwhile, and ends the other: where
        units are shorter than a set-up, there would be one worker for ever.
        """
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next unit."""
        self._job = Job.from_config(new_config["job"])
        self._rung = 0
        return True

    def step(self) -> dict[str, Any]:
        """Run the unit to its next rung or to its end.

        Raises:
            Exception: an infrastructure failure. Tune then ends this process, whose state is unknown, and tries again
                in a fresh one.
        """
        import_libraries()
        if self._job.companions:
            return attempt_array(self._job).as_result() | {"kind": self._job.kind, "done": True}
        outcome = attempt_unit(self._job, self._rung)
        self._rung += 1
        return outcome.as_result() | {"kind": self._job.kind, "done": outcome.status != RUNG}
