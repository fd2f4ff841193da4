"""What Ray Tune runs: one trial a step, on an actor that is used again for the next. In: a `Job`. Out: a status.

The worker publishes the rows itself; Tune is told a status and nothing else.
"""

import gc
from typing import Any

from ray import tune

from sweeps.execute import Job, begin_attempt, execute_trial, published_status, record_failure
from sweeps.failures import MAX_ATTEMPTS, describe_failure

DISK_FULL = "disk full"
"""Told instead of a status; the driver ends the sweep."""


class TrialTrainable(tune.Trainable):
    """Runs a trial in one step. Every trial resets the process before it begins (`xlt_core.process_state`)."""

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first trial; import what every trial needs."""
        import xlt_core.run  # noqa: F401

        gc.freeze()  # libraries stay for good: each trial's collection need not look through them (0.3 s)
        self._job = Job(**config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial."""
        self._job = Job(**new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Run the trial and publish its rows.

        Raises:
            Exception: an infrastructure failure. Tune then ends this process, whose state is unknown, and tries again
                in a fresh one; after the last attempt the row is there and Tune finds no attempt left.
        """
        status = published_status(self._job)
        return {"done": True, "status": status or self._attempt()}

    def _attempt(self) -> str:
        attempt = MAX_ATTEMPTS
        try:
            attempt = begin_attempt(self._job)
            return execute_trial(self._job, attempt)
        except Exception as error:
            failure = describe_failure(error)
            if failure.is_disk_full:
                return DISK_FULL
            if not failure.may_retry:
                return record_failure(self._job, failure, attempt)
            if attempt >= MAX_ATTEMPTS:
                record_failure(self._job, failure, attempt)
            raise
