"""Loggers are named in one table, refused when they are not there, and see what a person wants to see."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.observing import loggers
from sweeps.observing.loggers import LOGGERS, LoggerEntry, build_loggers, check_loggers
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space
from xlt_core.errors import UnknownNameError, XltError


def test_a_name_that_is_no_logger_is_refused_with_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match="tensorboard"):
        check_loggers(["tensorbord"])


def test_a_logger_whose_package_is_missing_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = LoggerEntry(package="no_such_package", install="no-such", where="", build=LOGGERS["wandb"].build)
    monkeypatch.setattr(loggers, "LOGGERS", {"wandb": missing})
    with pytest.raises(XltError, match="pip install no-such"):
        build_loggers(["wandb"], Path("unused"))


def test_no_loggers_are_no_callbacks(tmp_path: Path) -> None:
    assert build_loggers([], tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def _tune_trial(kind: str = "trial") -> Any:
    planned = plan_sweep(make_space()).trials[-1]
    config = {
        "unit_id": planned.trial_id,
        "kind": kind,
        "title": planned.title,
        "job": {"payload": planned.plan.model_dump_json(), "place": {"launch_id": "l1"}},
    }
    return SimpleNamespace(trial_id="tune-1", config=config)


def _run_through(name: str, folder: Path) -> str:
    """Let a logger see one trial; give the trial's id."""
    said: list[str] = []
    (guard,) = build_loggers([name], folder, sweep_name="small", say=said.append)
    trial = _tune_trial()
    guard.setup()
    guard.on_trial_start(0, [], trial)
    guard.on_trial_result(1, [], trial, {"status": "rung", "num_steps": 2, "source_dev_score": 40.0, "macro": None})
    guard.on_trial_result(2, [], trial, {"status": "ok", "num_steps": 4, "source_dev_score": 50.0, "macro": 41.5})
    guard.on_trial_complete(2, [], trial)
    guard.on_experiment_end([])
    assert said == []
    return str(trial.config["unit_id"])


def test_tensorboard_gets_scores_by_step_and_every_setting(tmp_path: Path) -> None:
    trial_id = _run_through("tensorboard", tmp_path)
    (events,) = (tmp_path / "loggers" / "tensorboard" / "trials" / trial_id).iterdir()
    content = events.read_bytes()
    for text in (b"ray/tune/macro", b"ray/tune/source_dev_score", b"target.perturbation.magnitude", b"optim.num_steps"):
        assert text in content


def test_mlflow_gets_scores_by_step_and_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="mlflow is an extra")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    trial_id = _run_through("mlflow", tmp_path)
    mlflow.set_tracking_uri((tmp_path / "loggers" / "mlflow" / "store").as_uri())
    (run,) = mlflow.search_runs(experiment_names=["small"], output_format="list")
    assert run.data.params["trial_id"] == trial_id
    assert run.data.params["target.perturbation.magnitude"] == "0.5"
    assert run.data.metrics["macro"] == 41.5
    assert run.info.status == "FINISHED"
