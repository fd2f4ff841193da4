"""Seeds are added by the width of an interval alone, predicted from the deviation, never more than may be."""

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep, read_planned_trials
from sweeps.engine.options import SweepOutcome
from sweeps.engine.until_ci import Narrowing, num_more_seeds, run_until_narrow
from sweeps.growth.widths import MIN_PAIRS, CellStanding, Goal, half_width, list_standings
from sweeps.planning.plan import PlannedTrial
from sweeps.units.stopping import StopSweep
from tests.sweeps.factories import make_space, silent_console, text_of
from xlt_core.errors import SpecError

Score = Callable[[PlannedTrial, str], float | None]
"""Of a trial in a language; none: the trial failed."""


def _space(**changes: Any) -> SearchSpace:
    return make_space(**{"axes": {"target.perturbation.magnitude": [0.0, 0.5, 1.0]},
                         "baseline": {"target.perturbation.magnitude": 0.0}, "seeds": 2, **changes})  # fmt: skip


def _noise(trial: PlannedTrial, language: str) -> float:
    return float(np.random.default_rng(zlib.crc32(f"{trial.title} {language}".encode())).normal())


def _quiet_and_loud(trial: PlannedTrial, language: str) -> float:
    """The cell at 1 varies by 2 points, all else by next to nothing."""
    return 70.0 + _noise(trial, language) * (2.0 if trial.cell == "magnitude 1" else 0.01)


class _Trainer:
    """Publishes scores in the place of training."""

    def __init__(self, store: ResultStore, score: Score, stops_after: int | None = None) -> None:
        self._store = store
        self._score = score
        self._stops_after = stops_after
        self.launches: list[list[str]] = []

    def __call__(self, trials: Sequence[PlannedTrial]) -> SweepOutcome:
        finished = self._store.finished()
        missing = [trial for trial in trials if trial.trial_id not in finished]
        assert {trial.trial_id for trial in missing} <= set(self._store.pending())  # planned before they run
        self.launches.append([trial.title for trial in missing])
        for trial in missing:
            self._publish(trial)
        stops = self._stops_after is not None and len(self.launches) >= self._stops_after
        return SweepOutcome(
            store=self._store,
            counts=Counter(ok=len(trials)),
            num_run=len(missing),
            seconds=1.0,
            stopped=StopSweep("stopped by Ctrl-C", is_user_request=True) if stops else None,
        )

    def _publish(self, trial: PlannedTrial) -> None:
        row = {"trial_id": trial.trial_id, "metric": "accuracy", "selection": "last", "condition": "clean"}
        values = {language: self._score(trial, language) for language in trial.plan.languages}
        scores = [
            {**row, "language": language, "value": value, "num_examples": 10}
            for language, value in values.items()
            if value is not None
        ]
        status = "ok" if scores else "diverged"
        self._store.publish_trial({"trial_id": trial.trial_id, "status": status}, scores)


def _narrow(
    folder: Path, score: Score, goal: Goal, *, space: SearchSpace | None = None, stops_after: int | None = None
) -> tuple[Narrowing, _Trainer, str]:
    space = space or _space()
    store, _ = begin_sweep(space, folder)
    trainer, console = _Trainer(store, score, stops_after), silent_console()
    narrowing = run_until_narrow(store, space, read_planned_trials(store), trainer, goal, console)
    return narrowing, trainer, text_of(console)


def test_only_cells_that_are_too_wide_get_seeds_and_their_baseline_gets_the_same(tmp_path: Path) -> None:
    narrowing, trainer, text = _narrow(tmp_path, _quiet_and_loud, Goal(half_width=1.0))
    quiet, loud = sorted(narrowing.cells, key=lambda standing: standing.cell)
    assert (quiet.cell, quiet.reason, quiet.num_seeds) == ("magnitude 0.5", "narrow", MIN_PAIRS)
    assert (loud.cell, loud.reason) == ("magnitude 1", "narrow")
    assert loud.half_width is not None
    assert loud.half_width <= 1.0
    assert loud.num_seeds > quiet.num_seeds
    planned = ResultStore.open(tmp_path).plan().to_pylist()
    seeds: dict[str, set[int]] = {}
    for row in planned:
        seeds.setdefault(row["cell"], set()).add(row["seed"])
    assert seeds["magnitude 1"] == set(range(loud.num_seeds)) == seeds["magnitude 0"]
    assert seeds["magnitude 0.5"] == set(range(quiet.num_seeds))
    assert narrowing.outcome.num_run == len(planned) == sum(map(len, trainer.launches))
    assert "1 of 2 cells have no 5 pairs with an interval within ±1 (macro) yet" in text


def test_the_interval_is_that_of_the_deltas(tmp_path: Path) -> None:
    narrowing, _, _ = _narrow(tmp_path, _quiet_and_loud, Goal(half_width=1.0))
    deltas = {row["cell_id"]: row for row in ResultStore.open(tmp_path).deltas().to_pylist()
              if row["language"] == "macro"}  # fmt: skip
    for standing in narrowing.cells:
        row = deltas[standing.cell_id]
        assert standing.num_pairs == row["k"]
        assert standing.half_width == pytest.approx((row["ci_high"] - row["ci_low"]) / 2)


@pytest.mark.parametrize("shift", [0.0, 5.0, -30.0])
def test_where_an_interval_lies_changes_nothing(tmp_path: Path, shift: float) -> None:
    def shifted(trial: PlannedTrial, language: str) -> float:
        return _quiet_and_loud(trial, language) + (shift if trial.cell == "magnitude 1" else 0.0)

    _, plain, _ = _narrow(tmp_path / "plain", _quiet_and_loud, Goal(half_width=1.0))
    _, moved, _ = _narrow(tmp_path / "moved", shifted, Goal(half_width=1.0))
    assert moved.launches == plain.launches


def test_a_cell_gets_no_more_seeds_than_it_may_have_and_says_so(tmp_path: Path) -> None:
    narrowing, trainer, _ = _narrow(tmp_path, _quiet_and_loud, Goal(half_width=0.2, max_seeds=9))
    loud = next(standing for standing in narrowing.cells if standing.cell == "magnitude 1")
    assert (loud.num_seeds, loud.reason) == (9, "most seeds")
    assert "has as many seeds as it may have" in loud.sentence
    per_launch = [sum(title.startswith("magnitude 1 ") for title in titles) for titles in trainer.launches]
    assert per_launch == [2, 2, 4, 1]  # doubled each time, up to the limit


def test_a_cell_all_of_whose_pairs_failed_is_left(tmp_path: Path) -> None:
    def failing(trial: PlannedTrial, language: str) -> float | None:
        return None if trial.cell == "magnitude 1" else _quiet_and_loud(trial, language)

    narrowing, _, _ = _narrow(tmp_path, failing, Goal(half_width=1.0))
    left = next(standing for standing in narrowing.cells if standing.cell == "magnitude 1")
    assert (left.reason, left.num_seeds, left.num_pairs) == ("no pairs", 2, 0)


def test_more_pairs_are_asked_for_where_some_are_lost(tmp_path: Path) -> None:
    def failing(trial: PlannedTrial, language: str) -> float | None:
        lost = trial.cell == "magnitude 1" and trial.plan.spec.seed % 2 == 1
        return None if lost else _quiet_and_loud(trial, language)

    narrowing, _, _ = _narrow(tmp_path, failing, Goal(half_width=2.0))
    half = next(standing for standing in narrowing.cells if standing.cell == "magnitude 1")
    assert half.reason == "narrow"
    assert half.num_seeds >= 2 * half.num_pairs - 1


def test_one_language_may_decide(tmp_path: Path) -> None:
    def loud_in_one(trial: PlannedTrial, language: str) -> float:
        return 70.0 + _noise(trial, language) * (2.0 if (trial.cell, language) == ("magnitude 1", "src") else 0.01)

    by_macro, _, _ = _narrow(tmp_path / "macro", loud_in_one, Goal(half_width=1.0))
    by_src, _, _ = _narrow(tmp_path / "src", loud_in_one, Goal(half_width=1.0, language="src"))
    assert {standing.num_seeds for standing in by_macro.cells} == {MIN_PAIRS}
    assert max(standing.num_seeds for standing in by_src.cells) > MIN_PAIRS
    with pytest.raises(SpecError, match="--language sw: not scored here; allowed: macro, kin-hi, src"):
        _narrow(tmp_path / "sw", loud_in_one, Goal(half_width=1.0, language="sw"))


def test_what_was_stopped_is_gone_on_with_from_the_plan(tmp_path: Path) -> None:
    goal = Goal(half_width=1.0)
    whole, _, _ = _narrow(tmp_path / "whole", _quiet_and_loud, goal)
    stopped, _, _ = _narrow(tmp_path / "s", _quiet_and_loud, goal, stops_after=2)
    assert stopped.outcome.stopped is not None
    assert stopped.outcome.exit_status == 130
    store = ResultStore.open(tmp_path / "s")
    trainer = _Trainer(store, _quiet_and_loud)
    again = run_until_narrow(store, _space(), read_planned_trials(store), trainer, goal, silent_console())
    assert again.cells == whole.cells
    assert trainer.launches[0] == []  # all that was planned had run


def test_trials_without_a_row_are_neither_judged_nor_added_to(tmp_path: Path) -> None:
    store, plan = begin_sweep(_space(), tmp_path)
    standings = list_standings(store, plan.trials, Goal(half_width=1.0))
    assert {standing.reason for standing in standings} == {"unfinished"}


def test_seeds_that_were_chosen_are_counted_on_from_the_last(tmp_path: Path) -> None:
    space = _space(seeds=[3, 7])
    narrowing, _, _ = _narrow(tmp_path, _quiet_and_loud, Goal(half_width=50.0), space=space)
    assert {standing.num_seeds for standing in narrowing.cells} == {MIN_PAIRS}
    seeds = {row["seed"] for row in ResultStore.open(tmp_path).plan().to_pylist()}
    assert seeds == {3, 7, 8, 9, 10}


@given(
    pairs=st.integers(1, 60),
    lost=st.integers(0, 30),
    deviation=st.floats(0.0, 50.0),
    width=st.floats(0.05, 20.0),
    most=st.integers(2, 100),
)
def test_the_next_step_is_what_the_deviation_says_at_most_doubled(
    pairs: int, lost: int, deviation: float, width: float, most: int
) -> None:
    seeds = pairs + lost
    if seeds >= most:
        return
    standing = CellStanding(
        cell_id="c", cell="c", num_seeds=seeds, num_pairs=pairs, delta_sd=deviation if pairs > 1 else None,
        half_width=half_width(deviation, pairs) if pairs > 1 else None, reason="wide",
    )  # fmt: skip
    more = num_more_seeds(standing, Goal(half_width=width, max_seeds=most))
    assert 1 <= more <= min(seeds, most - seeds)
    if not lost and pairs >= MIN_PAIRS and more < min(seeds, most - seeds):
        wanted = pairs + more
        reached = stats.t.ppf(0.975, wanted - 1) * deviation / np.sqrt(wanted)
        before = stats.t.ppf(0.975, wanted - 2) * deviation / np.sqrt(wanted - 1)
        assert reached <= width * (1 + 1e-9)
        assert more == 1 or before > width * (1 - 1e-9)


@pytest.mark.parametrize("wrong", [{"half_width": 0.0}, {"half_width": -1.0}, {"half_width": 1.0, "max_seeds": 1}])
def test_a_goal_that_can_never_be_met_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"--until-ci|--max-seeds"):
        Goal(**wrong)


def test_a_language_that_nobody_scores_is_refused_before_the_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="--language sw: not scored here"):
        begin_sweep(make_space(), tmp_path / "s", Goal(half_width=1.0, language="sw"))
    assert not (tmp_path / "s").exists()
