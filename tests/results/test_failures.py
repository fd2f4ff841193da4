import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from results.errors import QueryError
from results.failures import compute_failures, exact_interval
from results.schema import CELL_COLUMNS
from results.store import ResultStore
from tests.results.factories import plan_row, small_sweep, trial_row, write_store

STATUSES = ("ok", "ok", "degenerate", "diverged", "oom", "infra", "stopped_early", "pending")


@given(num_trials=st.integers(1, 200), data=st.data())
def test_the_interval_is_clopper_and_pearsons(num_trials: int, data: st.DataObject) -> None:
    num_hits = data.draw(st.integers(0, num_trials))
    low, high = exact_interval(np.array([num_hits]), np.array([num_trials]))
    expected = binomtest(num_hits, num_trials).proportion_ci(0.95, method="exact")
    assert (low[0], high[0]) == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high, abs=1e-9))


def test_no_trials_have_no_interval() -> None:
    low, high = exact_interval(np.array([0, 1]), np.array([0, 1]))
    assert np.isnan([low[0], high[0]]).all()
    assert not np.isnan([low[1], high[1]]).any()


def _store(folder: Path, magnitudes: tuple[float, ...] = (0.5,), statuses: tuple[str, ...] = STATUSES) -> ResultStore:
    """One cell a method and magnitude, one seed a status; sizes are the magnitude plus the seed."""
    store = ResultStore.create(folder, {"name": "made-up", "sweep_id": "s1"})
    cells = [(f"{method}-{size}", method, size) for method in ("gaussian", "sam") for size in magnitudes]
    store.write_plan(
        [
            plan_row(cell, seed, method=method, magnitude=size, axes=json.dumps({"optim.steps": 10, "x": [method]}))
            for cell, method, size in cells
            for seed in range(len(statuses))
        ]
    )
    for cell, method, size in cells:
        kind = "embedding" if method == "gaussian" else "weights"
        for seed, status in enumerate(statuses):
            if status != "pending":
                sizes = {"size_kind": kind, "size_mean": size + seed, "loss_gap": float(seed)}
                store.publish_trial(trial_row(f"{cell}-{seed}", status, **sizes), [])
    return store


def test_collapsed_runs_are_a_share_of_those_that_ended_by_themselves(tmp_path: Path) -> None:
    row, other = compute_failures(_store(tmp_path).trials()).to_pylist()
    assert (row["cell_id"], other["cell_id"]) == ("gaussian-0.5", "sam-0.5")
    assert row["num_finished"] == 7
    assert [row[f"num_{status}"] for status in STATUSES[1:-1]] == [2, 1, 1, 1, 1, 1]
    assert row["share_failed"] == 2 / 4
    expected = binomtest(2, 4).proportion_ci(0.95, method="exact")
    assert (row["share_low"], row["share_high"]) == (pytest.approx(expected.low), pytest.approx(expected.high))
    assert (row["size_kind"], row["size_mean"], row["loss_gap"]) == ("embedding", 0.5 + 3, 3.0)
    planned = plan_row(method="gaussian", magnitude=0.5, axes=row["axes"])
    assert {name: row[name] for name in CELL_COLUMNS} == {name: planned[name] for name in CELL_COLUMNS}


def test_cells_are_pooled_over_what_was_not_asked_for(tmp_path: Path) -> None:
    trials = _store(tmp_path, magnitudes=(1.0, 0.5), statuses=("ok", "diverged")).trials()
    rows = compute_failures(trials, ["method", "magnitude"]).to_pylist()
    assert [(row["method"], row["magnitude"]) for row in rows] == [
        ("gaussian", 0.5),
        ("gaussian", 1.0),
        ("sam", 0.5),
        ("sam", 1.0),
    ]
    rows = compute_failures(trials, ["method"]).to_pylist()
    assert [(row["method"], row["num_finished"], row["share_failed"]) for row in rows] == [
        ("gaussian", 4, 0.5),
        ("sam", 4, 0.5),
    ]
    assert [row["size_kind"] for row in rows] == ["embedding", "weights"]


def test_sizes_of_different_kinds_are_not_averaged(tmp_path: Path) -> None:
    (row,) = compute_failures(_store(tmp_path).trials(), ["magnitude"]).to_pylist()
    assert (row["size_kind"], row["size_mean"]) == (None, None)
    assert row["loss_gap"] == 3.0


def test_an_axis_is_a_column_to_count_by(tmp_path: Path) -> None:
    rows = compute_failures(_store(tmp_path).trials(), ["optim.steps", "x"]).to_pylist()
    assert [(row["optim.steps"], row["x"], row["num_finished"]) for row in rows] == [
        (10, '["gaussian"]', 7),
        (10, '["sam"]', 7),
    ]
    with pytest.raises(QueryError, match=r"no column and no axis 'steps'; there are: cell_id, .*, optim\.steps, x"):
        compute_failures(_store(tmp_path).trials(), ["steps"])


def test_only_finished_trials_count_and_what_was_not_measured_is_null(tmp_path: Path) -> None:
    rows = compute_failures(write_store(tmp_path, small_sweep()).trials()).to_pylist()
    assert [row["cell_id"] for row in rows] == ["base", "strong", "weak"]
    assert {(row["size_kind"], row["size_mean"], row["loss_gap"]) for row in rows} == {(None, None, None)}


def test_a_sweep_without_finished_trials_has_no_rows(tmp_path: Path) -> None:
    trials = write_store(tmp_path, []).trials()
    assert compute_failures(trials).num_rows == compute_failures(trials, ["method"]).num_rows == 0
