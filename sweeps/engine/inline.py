"""Run a launch's units in this process, one after the other, without Ray: the same rows.

In: a `Dispatcher`. Out: files in the sweep folder. For debugging, and for machines where Ray cannot start.
"""

import time
from collections.abc import Callable

from rich.markup import escape

from sweeps.engine.dispatch import Dispatcher
from sweeps.units.job import Job
from sweeps.units.stopping import signals_stop_the_sweep
from sweeps.workers.arrays import attempt_array
from sweeps.workers.execute import attempt_unit
from sweeps.workers.libraries import import_libraries
from sweeps.workers.outcomes import ArrayOutcome

_PAUSE_SECONDS = 0.5


def run_inline(dispatcher: Dispatcher) -> None:
    """Run all units; every trial has a row then.

    Raises:
        StopSweep: interrupted, or the disk is full; what is published stays.
    """
    display = dispatcher.work.display
    with signals_stop_the_sweep() as signals:
        import_libraries()

        def look() -> None:
            signals.check()
            display.refresh()

        while not dispatcher.is_finished:
            job = dispatcher.take()
            if job is None:  # another sweep computes what is needed
                time.sleep(_PAUSE_SECONDS)
                look()
            else:
                _run(job, dispatcher, look)


def _run(job: Job, dispatcher: Dispatcher, look: Callable[[], None]) -> None:
    """Run a unit, or several together, as often as they may be; the last attempt raises nothing."""
    display = dispatcher.work.display
    while True:
        try:
            outcome = attempt_array(job, look) if job.companions else attempt_unit(job, 0, look)
        except Exception as error:
            display.say(f"retry  {escape(job.title)}  after: {escape(f'{type(error).__name__}: {error}')}")
            continue
        if isinstance(outcome, ArrayOutcome):
            dispatcher.array_ended(job.unit_id, outcome)
        else:
            dispatcher.unit_ended(job.unit_id, outcome)
        return
