"""What the driver hears from Ray Tune, told to the dispatcher. In: Tune's events. Out: rows and the next units."""
# ruff: noqa: ARG002  Tune names the arguments of a callback

import logging
import re
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from ray import tune
from rich.markup import escape

from sweeps.engine.capacity import Capacity
from sweeps.engine.dispatch import Dispatcher
from sweeps.engine.scarcity import ScarcityWatch
from sweeps.observing.heartbeats import forget_heartbeat
from sweeps.units.failures import MAX_ATTEMPTS, Failure, find_storage_trouble
from sweeps.units.stopping import SignalWatch, stop_for_storage
from sweeps.workers.outcomes import RUNG, TOGETHER, ArrayOutcome, UnitOutcome

logger = logging.getLogger(__name__)

_Arguments = ParamSpec("_Arguments")
_DEATH = re.compile(r"Actor(Died|Unavailable)Error|WorkerCrashedError|NodeDiedError|ObjectLostError")
"""Names of what Ray raises where a worker is gone."""


def never_kills(method: Callable[_Arguments, None]) -> Callable[_Arguments, None]:
    """Keep an exception in a callback from ending the sweep, as Tune would have it; storage that fails does end it."""

    @wraps(method)
    def wrapped(*arguments: _Arguments.args, **keywords: _Arguments.kwargs) -> None:
        try:
            method(*arguments, **keywords)
        except Exception as error:
            if trouble := find_storage_trouble(error):
                raise stop_for_storage(trouble) from error
            logger.exception("%s failed; the sweep goes on", method.__name__)

    return wrapped


class SweepCallback(tune.Callback):
    """Hears from Tune what becomes of the units."""

    def __init__(
        self, dispatcher: Dispatcher, capacity: Capacity, scarcity: ScarcityWatch, signals: SignalWatch
    ) -> None:
        self._dispatcher = dispatcher
        self._capacity = capacity
        self._scarcity = scarcity
        self._signals = signals
        self._num_deaths: Counter[str] = Counter()

    def __getstate__(self) -> dict[str, Any]:
        """Give nothing: Tune pickles its callbacks into a state that is never read."""
        return {}

    @never_kills
    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A worker says what came of a unit; or the scheduler has stopped a trial at a rung."""
        unit_id, result = trial.config["unit_id"], trial.last_result
        self._capacity.release(unit_id)
        if "status" not in result and trial.config["companions"]:
            self._put_back_alone(trial)
        elif "status" not in result:
            nothing = Failure(status="infra", reason="Ray Tune ended it before it said anything", traceback="")
            self._dispatcher.unit_lost(unit_id, nothing, attempt=trial.num_failures + 1)
        elif result["status"] == TOGETHER:
            self._dispatcher.array_ended(unit_id, ArrayOutcome.from_result(result))
        elif result["status"] == RUNG:
            num_steps, score = result["num_steps"], result["source_dev_score"]
            reason = f"stopped by the scheduler at step {num_steps}, with a dev score of {score:.2f}"
            self._dispatcher.trial_stopped(unit_id, num_steps, reason)
        else:
            self._dispatcher.unit_ended(unit_id, UnitOutcome.from_result(result))

    @never_kills
    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Tune gives a unit up: it is begun again, or, died often enough, its row is written here.

        Tune does so before its budget is spent where a node is lost: the call that fails and the actor that dies are
        two failures to it, and one that comes while the unit waits for another worker ends it.
        """
        unit_id = trial.config["unit_id"]
        self._capacity.release(unit_id)
        if trial.config["companions"]:
            self._put_back_alone(trial)
            return
        forget_heartbeat(self._dispatcher.work.display.heartbeats, unit_id)
        self._num_deaths[unit_id] += max(1, trial.num_failures)
        if self._num_deaths[unit_id] < MAX_ATTEMPTS:
            self._dispatcher.unit_died(unit_id)
        else:
            self._dispatcher.unit_lost(unit_id, _describe_death(trial), attempt=MAX_ATTEMPTS)

    @never_kills
    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """An attempt failed and another follows."""
        last_line = _error_text(trial).strip().splitlines()[-1:] or ["no message"]
        title, why = escape(trial.config["title"]), escape(last_line[0][:200])
        self._dispatcher.work.display.say(f"retry {trial.num_failures}/{MAX_ATTEMPTS - 1}  {title}  after: {why}")

    @never_kills
    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Called about ten times a second."""
        self._signals.check()
        self._scarcity.look()
        self._dispatcher.work.display.refresh()

    def _put_back_alone(self, trial: Any) -> None:
        """Trials that were to train together are begun again, each alone, whichever of them it was."""
        for unit_id in (trial.config["unit_id"], *trial.config["companions"]):
            forget_heartbeat(self._dispatcher.work.display.heartbeats, unit_id)
            self._dispatcher.unit_died(unit_id, alone=True)


def _describe_death(trial: Any) -> Failure:
    text = _error_text(trial)
    is_memory = "OutOfMemoryError" in text
    if is_memory or not text.strip() or _DEATH.search(text):
        why = (
            "Ray ended it for want of memory" if is_memory else "it was killed, ran out of memory, or its node was lost"
        )
        reason = f"the worker process died {trial.num_failures} times ({why})"
    else:
        reason = f"{text.strip().splitlines()[-1]} ({trial.num_failures} times)"
    return Failure(status="oom" if is_memory else "infra", reason=reason, traceback=text)


def _error_text(trial: Any) -> str:
    """What Tune noted about a trial's failures, all attempts."""
    path = Path(trial.error_file) if trial.error_file else None
    return path.read_text(encoding="utf-8", errors="replace") if path and path.is_file() else ""
