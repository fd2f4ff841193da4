import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from results.comparing import COMPARISONS, compare_sweeps
from results.several import NamedStore
from results.store import ResultStore
from tests.results.factories import plan_row, score_row, trial_row

Values = dict[str, Sequence[float]]
"""Scores of a cell by seed."""


def _write(folder: Path, cells: dict[str, Values], *, of: str = "", **changes: Any) -> NamedStore:
    """A sweep of one language a key; trials are named after the sweep, or after `of`."""
    name = of or folder.name
    store = ResultStore.create(folder, {"name": folder.name, "sweep_id": folder.name})
    rows, trials = [], []
    for cell, values in cells.items():
        num_seeds = len(next(iter(values.values())))
        for seed in range(num_seeds):
            trial_id = f"{name}-{cell}-{seed}"
            axes = json.dumps({"magnitude": 0.0 if cell == "base" else cell})
            rows.append(plan_row(cell, seed, trial_id=trial_id, axes=axes, magnitude=len(cell)) | changes)
            trials.append((trial_id, {language: of_seed[seed] for language, of_seed in values.items()}))
    store.write_plan(rows)
    for trial_id, scores in trials:
        store.publish_trial(trial_row(trial_id), [score_row(trial_id, *score) for score in scores.items()])
    return NamedStore(folder.name, store)


def _values(*seed: int, num_seeds: int) -> Values:
    generator = np.random.default_rng(seed)
    return {language: generator.normal(70, 3, num_seeds).tolist() for language in ("en", "de", "sw")}


def _rows(*stores: NamedStore, cell: str = "a", language: str = "de") -> list[dict[str, Any]]:
    found = compare_sweeps(stores)
    assert found.schema.equals(COMPARISONS)
    return [
        row
        for row in found.to_pylist()
        if cell in (row["cell_id"], row["reference_cell_id"]) and row["language"] == language
    ]


def test_a_difference_and_its_interval_are_those_of_scipys_welch_test(tmp_path: Path) -> None:
    sweeps = [
        {cell: _values(number, place, num_seeds=k) for place, cell in enumerate(("base", "a", "b"))}
        for number, k in enumerate((5, 3))
    ]
    first, second = (_write(tmp_path / name, cells) for name, cells in zip(("one", "two"), sweeps, strict=True))
    for cell in ("a", "b"):
        for language in ("en", "de", "sw"):
            deltas = [np.subtract(cells[cell][language], cells["base"][language]) for cells in sweeps]
            (row,) = _rows(first, second, cell=cell, language=language)
            interval = ttest_ind(deltas[1], deltas[0], equal_var=False).confidence_interval(0.95)
            assert row["reference_delta"] == pytest.approx(deltas[0].mean())
            assert row["delta"] == pytest.approx(deltas[1].mean())
            assert row["difference"] == pytest.approx(deltas[1].mean() - deltas[0].mean())
            assert (row["difference_ci_low"], row["difference_ci_high"]) == pytest.approx((interval.low, interval.high))
            assert (row["reference_k"], row["k"], row["num_same_trials"]) == (5, 3, 0)


def test_every_other_sweep_is_compared_with_the_first(tmp_path: Path) -> None:
    stores = [
        _write(tmp_path / name, {"base": {"de": [50, 51]}, "a": {"de": [shift + 50, shift + 51.5]}})
        for shift, name in enumerate(("one", "two", "three"))
    ]
    rows = [row for row in compare_sweeps(stores).to_pylist() if row["language"] == "de"]
    assert [(row["reference"], row["sweep"], row["difference"]) for row in rows] == [
        ("one", "two", 1.0),
        ("one", "three", 2.0),
    ]


def test_trials_that_are_the_same_are_no_second_measurement(tmp_path: Path) -> None:
    cells = {"base": {"de": [50.0, 52.0]}, "a": {"de": [51.0, 54.0]}}
    first = _write(tmp_path / "one", cells, of="same")
    (row,) = _rows(first, _write(tmp_path / "two", cells, of="same"))
    assert (row["difference"], row["num_same_trials"], row["difference_ci_low"]) == (0.0, 4, None)
    assert row["ci_method"] == "none: both are made of the same trials"
    more = {"base": {"de": [50.0, 52.0, 53.0]}, "a": {"de": [51.0, 54.0, 60.0]}}
    (row,) = _rows(first, _write(tmp_path / "three", more, of="same"))
    assert (row["num_same_trials"], row["difference_ci_low"]) == (4, None)
    assert "not independent" in row["ci_method"]


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    cells = {"base": {"de": [50.0]}, "a": {"de": [51.0]}}
    (row,) = _rows(_write(tmp_path / "one", cells), _write(tmp_path / "two", cells))
    assert (row["difference"], row["se"], row["ci_method"]) == (0.0, None, "none: fewer than two paired seeds")


def test_what_only_one_sweep_has_is_a_row_without_a_difference(tmp_path: Path) -> None:
    both = {"base": {"de": [50.0, 51.0]}, "a": {"de": [51.0, 52.5]}}
    first = _write(tmp_path / "one", both | {"mine": {"de": [1.0, 2.0]}})
    second = _write(tmp_path / "two", {cell: of | {"sw": [3.0, 4.0]} for cell, of in both.items()})
    (alone,) = _rows(first, second, cell="mine")
    assert (alone["reference_delta"], alone["cell"], alone["difference"], alone["ci_method"]) == (
        -49.0,
        None,
        None,
        None,
    )
    (alone,) = _rows(second, first, cell="mine")
    assert (alone["delta"], alone["reference_cell"], alone["difference"]) == (-49.0, None, None)
    (new,) = _rows(first, second, language="sw")
    assert (new["delta"], new["reference_delta"], new["difference"]) == (0.0, None, None)


def test_what_differs_between_cells_that_mean_the_same_is_named(tmp_path: Path) -> None:
    cells = {"base": {"de": [50.0, 51.0]}, "a": {"de": [51.0, 52.5]}}
    (row,) = _rows(_write(tmp_path / "one", cells), _write(tmp_path / "two", cells, encoder="large"))
    assert json.loads(row["differs"]) == {"encoder": ["mini", "large"]}


def test_cells_of_sweeps_with_other_axes_are_matched_by_what_they_are_unless_two_are_alike(tmp_path: Path) -> None:
    cells = {"base": {"de": [50.0, 51.0]}, "a": {"de": [51.0, 52.5]}}
    first, second = _write(tmp_path / "one", cells), _write(tmp_path / "two", cells, axes='{"other": 1}')
    (row,) = _rows(first, second)
    assert row["difference"] == 0.0
    twins = _write(tmp_path / "three", cells | {"b": {"de": [61.0, 62.5]}}, axes='{"other": 1}')
    assert [row["difference"] for row in _rows(first, twins)] == [None, None]
