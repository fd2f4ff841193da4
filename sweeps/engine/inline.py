"""Run a launch's units in this process, one after the other, without Ray: the same rows.

In: a `Dispatcher`. Out: files in the sweep folder. For debugging, and for machines where Ray cannot start.
"""

import time

from sweeps.engine.dispatch import Dispatcher
from sweeps.units.job import Job
from sweeps.units.stopping import signals_stop_the_sweep
from sweeps.workers.execute import UnitOutcome, attempt_unit

_PAUSE_SECONDS = 0.5


def run_inline(dispatcher: Dispatcher) -> None:
    """Run all units; every trial has a row then.

    Raises:
        StopSweep: interrupted, or the disk is full; what is published stays.
    """
    display = dispatcher.work.display
    with signals_stop_the_sweep():
        while not dispatcher.is_finished:
            job = dispatcher.take()
            if job is None:  # another sweep computes what is needed
                time.sleep(_PAUSE_SECONDS)
                display.refresh()
            else:
                dispatcher.unit_ended(job.unit_id, _run(job, dispatcher))


def _run(job: Job, dispatcher: Dispatcher) -> UnitOutcome:
    """Run a unit as often as it may be; the last attempt raises nothing."""
    while True:
        try:
            return attempt_unit(job, on_report=dispatcher.work.display.refresh)
        except Exception as error:
            dispatcher.work.display.say(f"retry  {job.title}  after: {type(error).__name__}: {error}")
