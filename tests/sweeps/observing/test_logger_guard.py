"""A logger may fail, hang or fall behind: it is told once, and nobody waits for it."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.logger import LoggerCallback

from sweeps.observing import logger_guard
from sweeps.observing.logger_guard import GuardedLogger, flatten_settings


class _Recorder(LoggerCallback):
    """Keeps what it is told; `on_call` may raise or wait."""

    def __init__(self, on_call: Callable[[str], None] = lambda _: None) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.on_call = on_call

    def log_trial_start(self, trial: Any) -> None:
        self._note("start", trial)

    def log_trial_result(self, iteration: int, trial: Any, result: dict[str, Any]) -> None:
        self._note("result", result)

    def log_trial_end(self, trial: Any, failed: bool = False) -> None:
        self._note("end", failed)

    def _note(self, name: str, value: Any) -> None:
        self.calls.append((name, value))
        self.on_call(name)


def _trial(name: str = "t1", kind: str = "trial") -> Any:
    payload = json.dumps({"spec": {"seed": 3, "optim": {"num_steps": 4, "weight_decay": None}}})
    config = {
        "unit_id": name,
        "kind": kind,
        "title": "magnitude 1 · seed 3",
        "job": {"payload": payload, "place": {"launch_id": "l1"}},
    }
    return SimpleNamespace(trial_id=f"tune-{name}", config=config)


def _guard(inner: LoggerCallback, folder: Path, said: list[str]) -> GuardedLogger:
    guard = GuardedLogger("tried", build=lambda: inner, folder=folder, group="small", say=said.append)
    guard.setup()
    return guard


def _run_one(guard: GuardedLogger, trial: Any, **result: Any) -> None:
    guard.on_trial_start(0, [], trial)
    guard.on_trial_result(1, [], trial, {"status": "ok", **result})
    guard.on_trial_complete(1, [], trial)


def test_a_logger_sees_settings_and_scores_and_none_of_our_jobs(tmp_path: Path) -> None:
    inner, said = _Recorder(), []
    guard = _guard(inner, tmp_path, said)
    _run_one(guard, _trial(), num_steps=4, macro=50.0, time_total_s=7.5, failure={"traceback": "x"}, node_ip="10.0.0.1")
    guard.on_experiment_end([])
    (_, trial), (_, result), (_, failed) = inner.calls
    assert str(trial) == "magnitude 1 · seed 3"
    assert trial.config == {"cell": "magnitude 1", "trial_id": "t1", "seed": 3, "optim.num_steps": 4}
    assert Path(trial.local_path).is_dir()
    assert result == {
        "status": "ok",
        "num_steps": 4,
        "macro": 50.0,
        "wall_seconds": 7.5,
        "timesteps_total": 4,
        "training_iteration": 1,
    }
    assert failed is False
    assert said == []


def test_trials_that_train_together_are_logged_each_with_its_share_of_the_time(tmp_path: Path) -> None:
    inner = _Recorder()
    guard = _guard(inner, tmp_path, [])
    config = _trial().config
    members = [{**config["job"], "unit_id": name, "title": f"{name} · seed 3"} for name in ("t1", "t2", "t3")]
    first, *others = members
    trial = SimpleNamespace(
        trial_id="tune", config={**config, "companions": ["t2", "t3"], "job": {**first, "companions": others}}
    )
    ended = [{"unit_id": name, "status": "ok", "wall_seconds": 2.5} for name in ("t1", "t3")]
    guard.on_trial_start(0, [], trial)
    guard.on_trial_result(1, [], trial, {"status": "together", "ended": ended, "time_total_s": 7.5})
    guard.on_trial_complete(1, [], trial)
    guard.on_experiment_end([])
    assert [name for name, _ in inner.calls] == ["start", "result", "end"] * 2
    assert [str(value) for name, value in inner.calls if name == "start"] == ["t1 · seed 3", "t3 · seed 3"]
    assert [value["wall_seconds"] for name, value in inner.calls if name == "result"] == [2.5, 2.5]


def test_stages_are_not_logged(tmp_path: Path) -> None:
    inner = _Recorder()
    guard = _guard(inner, tmp_path, [])
    _run_one(guard, _trial(kind="stage"))
    guard.on_experiment_end([])
    assert inner.calls == []


def test_a_failure_is_told_once_and_the_next_trials_are_still_logged(tmp_path: Path) -> None:
    def fail_at_start(name: str) -> None:
        if name == "start":
            raise ConnectionError("no route\nto host")

    inner, said = _Recorder(fail_at_start), []
    guard = _guard(inner, tmp_path, said)
    for place in range(3):
        _run_one(guard, _trial(f"t{place}"))
    guard.on_experiment_end([])
    assert len(inner.calls) == 9
    assert said == ["logger tried fails (ConnectionError: no route); the sweep goes on"]


def test_a_logger_that_always_fails_is_left_out(tmp_path: Path) -> None:
    def fail(name: str) -> None:
        raise ValueError(name)

    inner, said = _Recorder(fail), []
    guard = _guard(inner, tmp_path, said)
    for place in range(20):
        _run_one(guard, _trial(f"t{place}"))
    guard.on_experiment_end([])
    assert len(inner.calls) == logger_guard._MAX_FAILURES_IN_A_ROW
    assert len(said) == 2
    assert "it is left out from here on" in said[1]


def test_a_logger_that_cannot_begin_is_told_and_left_out(tmp_path: Path) -> None:
    said: list[str] = []

    def build() -> LoggerCallback:
        raise RuntimeError("no key")

    guard = GuardedLogger("tried", build=build, folder=tmp_path, group="small", say=said.append)
    guard.setup()
    _run_one(guard, _trial())
    guard.on_experiment_end([])
    assert said == ["logger tried fails (RuntimeError: no key); it is left out from here on; the sweep goes on"]


def test_nobody_waits_for_a_logger_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger_guard, "_SECONDS_TO_FINISH", 0.2)
    released = threading.Event()
    said: list[str] = []
    guard = _guard(_Recorder(lambda _: bool(released.wait(30)) and None), tmp_path, said)
    started = time.monotonic()
    for place in range(100):
        _run_one(guard, _trial(f"t{place}"))
    guard.on_experiment_end([])
    assert time.monotonic() - started < 5
    assert len(said) == 1
    assert "is not done after" in said[0]
    released.set()


def test_what_a_logger_never_takes_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logger_guard, "_SECONDS_TO_FINISH", 0.2)
    monkeypatch.setattr(logger_guard, "_MAX_WAITING", 10)
    released = threading.Event()
    said: list[str] = []
    guard = _guard(_Recorder(lambda _: bool(released.wait(30)) and None), tmp_path, said)
    for place in range(100):
        _run_one(guard, _trial(f"t{place}"))
    assert said == ["logger tried does not keep up: 10 events wait; it is left out from here on; the sweep goes on"]
    released.set()


def test_settings_are_laid_flat() -> None:
    settings = {"a": {"b": 1, "c": {"d": None, "e": [1, "x"]}}, "f": "g", "h": False}
    assert flatten_settings(settings) == {"a.b": 1, "a.c.e": '[1, "x"]', "f": "g", "h": False}
