"""Keeps a logger from harming a sweep: it works in a thread of its own, and its failures are told once.

In: Tune's events. Out: calls of the logger, which sees plain settings and few numbers instead of our jobs. A server
that hangs costs what it would have been told, and no time of the sweep.
"""
# ruff: noqa: ARG002  Tune names the arguments of a callback

import json
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.logger import LoggerCallback
from ray.tune.result import TIMESTEPS_TOTAL

logger = logging.getLogger(__name__)

_TOLD = {
    "status": "status",
    "num_steps": "num_steps",
    "source_dev_score": "source_dev_score",
    "macro": "macro",
    "time_total_s": "wall_seconds",
    "wall_seconds": "wall_seconds",
}
"""What of a result a logger is told, and under which name."""

_ITERATION = "training_iteration"
_MAX_FAILURES_IN_A_ROW = 5
_MAX_WAITING = 20_000
_SECONDS_TO_FINISH = 60.0
_SECONDS_TO_STOP = 5.0
"""Where the sweep was stopped."""

_Call = Callable[[Any], None]
"""Of a method of the logger, which is a `LoggerCallback`."""


@dataclass(eq=False, kw_only=True)
class LoggedTrial:
    """A trial as loggers see it; has what Tune's callbacks read of Tune's own."""

    trial_id: str
    title: str
    config: dict[str, Any]
    """Every setting that is set, by dotted key."""
    local_path: str
    experiment_dir_name: str
    experiment_tag: str = ""
    checkpoint: None = None
    """Loggers are given no weights."""

    @property
    def evaluated_params(self) -> dict[str, Any]:
        """The settings once more: TensorBoard asks here."""
        return self.config

    def init_local_path(self) -> None:
        """Make the folder."""
        Path(self.local_path).mkdir(parents=True, exist_ok=True)

    def __str__(self) -> str:
        return self.title


class GuardedLogger(tune.Callback):
    """One logger, started with the first event."""

    def __init__(
        self,
        name: str,
        *,
        build: Callable[[], LoggerCallback],
        folder: Path,
        group: str,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._name = name
        self._build = build
        self._folder = folder
        self._group = group
        self._say = say or logger.warning
        self._trials: dict[str, LoggedTrial] = {}
        self._calls: queue.Queue[_Call | None] = queue.Queue(_MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._num_failures = 0
        self._is_off = False
        self._was_told = False

    def __getstate__(self) -> dict[str, Any]:
        """Give nothing: Tune pickles its callbacks into a state that is never read."""
        return {}

    def setup(self, stop: Any = None, num_samples: Any = None, total_num_samples: Any = None, **info: Any) -> None:
        """Begin the thread; the logger itself is made in it."""
        self._thread = threading.Thread(target=self._work, name=f"logger-{self._name}", daemon=True)
        self._thread.start()

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A unit begins; stages are not logged, and trials that train together when they have ended."""
        logged = None if _is_array(trial) else self._logged(trial)
        if logged is not None:
            self._put(lambda inner: _start(inner, logged))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: Mapping[str, Any], **info: Any
    ) -> None:
        """A trial has come to a rung or to its end, or several have to theirs."""
        if _is_array(trial):
            self._tell_array(iteration, trial.config["job"], result)
            return
        logged = self._logged(trial)
        if logged is not None:
            self._put_result(iteration, logged, result)

    def _put_result(self, iteration: int, logged: LoggedTrial, result: Mapping[str, Any]) -> None:
        told = {name: result[key] for key, name in _TOLD.items() if result.get(key) is not None}
        told[TIMESTEPS_TOTAL] = told.get("num_steps")
        told[_ITERATION] = result.get(_ITERATION, 1)
        told = {name: value for name, value in told.items() if value is not None}
        self._put(lambda inner: inner.log_trial_result(iteration, logged, dict(told)))

    def _tell_array(self, iteration: int, job: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """Log each trial of an array that has a row, from its begin to its end."""
        jobs = {member["unit_id"]: member for member in (job, *job["companions"])}
        for ended in result.get("ended", ()):
            member = jobs[ended["unit_id"]]
            try:
                logged = self._describe({"job": member, "unit_id": member["unit_id"], "title": member["title"]})
            except (ValueError, KeyError, TypeError) as error:
                self._fail(error)
                continue
            self._put(partial(_start, trial=logged))
            self._put_result(iteration, logged, ended)
            self._put(partial(_log_end, trial=logged))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial has ended, and could say so."""
        self._end(trial, failed=False)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial's worker died in its last attempt."""
        self._end(trial, failed=True)

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        """Wait for the logger to have done with what it was told, but not for ever."""
        self._put(lambda inner: inner.on_experiment_end([], **info))
        self.finish(_SECONDS_TO_FINISH)

    def finish(self, seconds: float = _SECONDS_TO_STOP) -> None:
        """End the thread, and wait for it so long; does nothing the second time."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        try:
            self._calls.put_nowait(None)
        except queue.Full:
            self._is_off = True
        thread.join(seconds)
        if thread.is_alive():
            self._is_off = True
            self._tell(f"is not done after {seconds:g} s; what it has left to do is lost")

    def _end(self, trial: Any, *, failed: bool) -> None:
        logged = None if _is_array(trial) else self._logged(trial)
        self._trials.pop(trial.trial_id, None)
        if logged is not None:
            self._put(lambda inner: inner.log_trial_end(logged, failed=failed))

    def _logged(self, trial: Any) -> LoggedTrial | None:
        """Give what loggers see of a trial of Tune's; none of a stage, or where it cannot be made."""
        if trial.config.get("kind") == "stage":
            return None
        if trial.trial_id not in self._trials:
            try:
                self._trials[trial.trial_id] = self._describe(trial.config)
            except (ValueError, KeyError, TypeError) as error:
                self._fail(error)
                return None
        return self._trials[trial.trial_id]

    def _describe(self, config: Mapping[str, Any]) -> LoggedTrial:
        job, unit_id = config["job"], config["unit_id"]
        settings, launch_id = flatten_settings(json.loads(job["payload"])["spec"]), job["place"]["launch_id"]
        return LoggedTrial(
            trial_id=f"{unit_id}-{launch_id}",  # a trial that is run again is another run to W&B
            title=config["title"],
            config={"cell": config["title"].rsplit(" · seed ", 1)[0], "trial_id": unit_id, **settings},
            local_path=str(self._folder.absolute() / "trials" / unit_id),
            experiment_dir_name=self._group,
        )

    def _put(self, call: _Call) -> None:
        if self._is_off or self._thread is None:
            return
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            self._is_off = True
            self._tell(f"does not keep up: {_MAX_WAITING:,} events wait; it is left out from here on")

    def _work(self) -> None:
        """The thread: make the logger, then do the calls one by one."""
        try:
            inner = self._build()
            inner.setup()
        except Exception as error:  # whatever a logger raises, it is told and not passed on
            self._is_off = True
            self._fail(error)
            return
        while (call := self._calls.get()) is not None:
            if self._is_off:
                return
            try:
                call(inner)
                self._num_failures = 0
            except Exception as error:  # as above
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._num_failures += 1
        self._is_off = self._is_off or self._num_failures >= _MAX_FAILURES_IN_A_ROW
        first_line = (str(error).strip() or "no message").splitlines()[0]
        logger.debug("logger %s", self._name, exc_info=error)
        if not self._was_told or self._num_failures == _MAX_FAILURES_IN_A_ROW:
            left_out = "; it is left out from here on" if self._is_off else ""
            self._tell(f"fails ({type(error).__name__}: {first_line}){left_out}")

    def _tell(self, what: str) -> None:
        self._was_told = True
        self._say(f"logger {self._name} {what}; the sweep goes on")


def _start(inner: Any, trial: LoggedTrial) -> None:
    trial.init_local_path()  # W&B takes it for granted
    inner.log_trial_start(trial)


def _log_end(inner: Any, trial: LoggedTrial) -> None:
    inner.log_trial_end(trial, failed=False)


def _is_array(trial: Any) -> bool:
    """Whether it is several trials that train together."""
    return bool(trial.config.get("companions"))


def flatten_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Lay nested settings flat under dotted keys; what is not set is left out, lists become text."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= flatten_settings(value, f"{prefix}{name}.")
        elif value is not None:
            flat[prefix + name] = value if isinstance(value, str | bool | int | float) else json.dumps(value)
    return flat
