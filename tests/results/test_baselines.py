from pathlib import Path

import pytest

from results.baselines import explain_missing_baselines
from results.schema import PENDING
from results.store import ResultStore
from tests.results.factories import Run, plan_row, score_row, small_sweep, trial_row, write_store

VALUES: dict[str, float | None] = {"en": 90.0, "de": 80.0}


def _explain(folder: Path, runs: list[Run], *include: str) -> list[str]:
    return explain_missing_baselines(write_store(folder, runs).snapshot(), include)


def test_where_every_finished_cell_has_its_baseline_nothing_is_said(tmp_path: Path) -> None:
    assert _explain(tmp_path, small_sweep()) == []
    assert _explain(tmp_path / "none", [Run("base", 0, {}, PENDING), Run("a", 0, {}, PENDING)]) == []


@pytest.mark.parametrize(
    ("status", "what_to_do"),
    [(PENDING, "xlt sweep resume {uri}"), ("oom", "xlt sweep resume {uri} --rerun oom")],
)
def test_a_baseline_that_never_ran_to_its_end_is_named_with_the_command_that_runs_it(
    tmp_path: Path, status: str, what_to_do: str
) -> None:
    runs = [Run("base", seed, {}, status) for seed in (0, 1)] + [Run("a", 0, VALUES), Run("b", 1, VALUES)]
    (sentence,) = _explain(tmp_path, runs)
    assert sentence == (
        f"No deltas of 2 cells (cell a; cell b): their baseline 'cell base' was never run to its end (2 {status}). "
        f"To run it: {what_to_do.format(uri=tmp_path)}"
    )


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("degenerate", "They have scores, which --include degenerate counts"),
        ("diverged", "That is a result: see xlt results trials {uri}"),
    ],
)
def test_a_baseline_whose_runs_are_results_is_not_to_be_run_again(tmp_path: Path, status: str, advice: str) -> None:
    runs = [Run("base", 0, {}, status), Run("base", 1, {}, status), Run("a", 0, VALUES)]
    (sentence,) = _explain(tmp_path, runs)
    assert "'cell base' has no run that counts (2 " in sentence
    assert sentence.endswith(advice.format(uri=tmp_path))


def test_a_baseline_with_other_seeds_alone_is_no_baseline(tmp_path: Path) -> None:
    (sentence,) = _explain(tmp_path, [Run("base", 0, VALUES), Run("base", 1, {}, PENDING), Run("a", 1, VALUES)])
    assert "has no run of the same seeds that ended well (1 ok, 1 pending)" in sentence


def test_statuses_that_count_are_runs(tmp_path: Path) -> None:
    runs = [Run("base", 0, VALUES, "degenerate"), Run("a", 0, VALUES)]
    assert len(_explain(tmp_path / "a", runs)) == 1
    assert _explain(tmp_path / "b", runs, "degenerate") == []


def test_a_baseline_without_a_seed_goes_with_every_seed(tmp_path: Path) -> None:
    store = ResultStore.create(tmp_path, {"name": "x", "sweep_id": "x"})
    store.write_plan([plan_row("base", 0, is_seeded=False), plan_row("a", 3)])
    store.publish_trial(trial_row("a-3"), [score_row("a-3", "de", 1.0)])
    assert len(explain_missing_baselines(store.snapshot())) == 1
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 1.0)])
    assert explain_missing_baselines(store.snapshot()) == []


def test_a_baseline_that_was_never_planned_is_said_to_be_so(tmp_path: Path) -> None:
    (sentence,) = _explain(tmp_path, [Run(cell, 0, VALUES) for cell in ("a", "b", "c", "d", "e")])
    assert sentence.startswith(
        "No deltas of 5 cells (cell a; cell b; cell c; and 2 others): their baseline is not planned"
    )
