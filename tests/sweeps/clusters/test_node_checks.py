"""What is looked at on a node, looked at here."""

import json
from pathlib import Path
from typing import Any

import pytest

from results.storage import open_storage
from sweeps.clusters import node_checks
from sweeps.clusters.node_checks import PROBE, Expected, look_around, read_inputs, read_versions
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space


def _expect(folder: Path, **changes: Any) -> Expected:
    values = {
        "versions": read_versions(),
        "places": (str(folder),),
        "work_folder": str(folder),
        "probe": f"{PROBE}1",
        "needs_token": False,
    }
    return Expected(**{**values, **changes})


def _publish(folder: Path, content: bytes = f"{PROBE}1".encode()) -> None:
    storage = open_storage(str(folder))
    storage.prepare()
    storage.publish_bytes(f"{PROBE}1", content)


def test_a_node_like_the_driver_is_fit_and_keeps_nothing(tmp_path: Path) -> None:
    _publish(tmp_path)
    assert look_around(_expect(tmp_path), 0.0) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"{PROBE}1"]


def test_another_version_is_named_with_both(tmp_path: Path) -> None:
    _publish(tmp_path)
    versions = {**read_versions(), "torch": "1.0", "ray": "9.9"}
    (problem,) = look_around(_expect(tmp_path, versions=versions), 0.0)
    assert f"torch {read_versions()['torch']} (here 1.0)" in problem
    assert f"ray {read_versions()['ray']} (here 9.9)" in problem


def test_a_folder_of_the_same_name_that_is_another_is_found_out(tmp_path: Path) -> None:
    (problem,) = look_around(_expect(tmp_path), 0.0)
    assert "is not the storage that the driver writes to" in problem
    assert str(tmp_path) in problem


def test_storage_that_gives_back_something_else_is_found_out(tmp_path: Path) -> None:
    _publish(tmp_path, b"?")
    (problem,) = look_around(_expect(tmp_path), 0.0)
    assert "read as something else" in problem


def test_every_place_is_tried(tmp_path: Path) -> None:
    _publish(tmp_path / "sweep")
    places = (str(tmp_path / "sweep"), str(tmp_path / "stages"))
    (problem,) = look_around(_expect(tmp_path, places=places), 0.0)
    assert str(tmp_path / "stages") in problem


def test_a_work_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    _publish(tmp_path)
    (tmp_path / "file").write_text("")
    (problem,) = look_around(_expect(tmp_path, work_folder=str(tmp_path / "file" / "work")), 0.0)
    assert "XLT_WORK_FOLDER" in problem


def test_a_full_disk_is_told_before_it_is_hit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(tmp_path)
    monkeypatch.setattr(node_checks, "_MIN_FREE_BYTES", 2**70)
    (problem,) = look_around(_expect(tmp_path), 0.0)
    assert "MiB are free" in problem


def test_gpus_that_torch_does_not_see_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _publish(tmp_path)
    (problem,) = look_around(_expect(tmp_path), 1.0)
    assert "torch sees none" in problem


def _neighbor_plan(path: Path) -> str:
    space = make_space(
        axes={"target.perturbation.magnitude": [0.0, 1.0]},
        baseline={"target.perturbation.magnitude": 0.0},
        base={
            **make_space().base,
            "target": {"task": "world", "perturbation": {"method": "rs_da", "neighbors": str(path)}},
        },
    )
    trials = plan_sweep(space).trials
    return next(trial for trial in trials if not trial.is_baseline).plan.model_dump_json()


def test_what_a_trial_reads_must_be_there_and_be_the_same(tmp_path: Path) -> None:
    path = tmp_path / "neighbors.json"
    path.write_text(json.dumps({"a": ["b", "c"]}))
    plan = _neighbor_plan(path)
    assert read_inputs([plan]) == []
    path.write_text(json.dumps({"a": ["b", "d"]}))
    (problem,) = read_inputs([plan, plan])
    assert "others there than here" in problem
    path.unlink()
    (problem,) = read_inputs([plan])
    assert "is not there" in problem
    assert "neighbors.json" in problem
