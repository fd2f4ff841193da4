"""What a cell is told as, by its trials."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.draws import RandomChooser
from search_spaces.expand import list_trials, propose_cell
from search_spaces.searches import OptunaSearch
from sweeps.planning.plan import PlannedTrial, TrialPlanner
from sweeps.search.outcomes import CellOutcome, judge_cell
from tests.sweeps.search.factories import begin, publish, searched
from xlt_core.spec import TrialSpec
from xlt_core.streams import numpy_generator

BOTH = OptunaSearch(num_cells=1, objectives=("mean_delta", "worst_delta"))


class Case:
    """A cell and its baseline with three seeds, of which none has ended."""

    def __init__(self, folder: Path) -> None:
        space = searched().model_copy(update={"seeds": 3})
        self.store: ResultStore = begin(space, folder)
        cell = propose_cell(space, RandomChooser(numpy_generator(1, "test")))
        pair = {cell.baseline: cell.baseline, cell.spec: cell.baseline}
        planned = [TrialPlanner().plan(trial) for trial in list_trials(space, pair)]
        self.trials = [one for one in planned if not one.is_baseline]
        self.baselines = [one for one in planned if one.is_baseline]
        for one in self.baselines:
            self.end(one, {"src": 80.0, "kin-hi": 50.0, "far-lo": 30.0})

    def end(self, trial: PlannedTrial, scores: dict[str, float], status: str = "ok") -> None:
        def found(_: TrialSpec) -> dict[str, float]:
            return scores

        publish(self.store, trial, found, status)

    def judge(self, search: OptunaSearch = BOTH) -> CellOutcome:
        return judge_cell(self.store, self.trials, self.baselines, search)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_values_are_the_mean_and_the_lowest_delta_without_the_source_language(case: Case) -> None:
    for trial in case.trials:
        seed = trial.plan.spec.seed
        case.end(trial, {"src": 1.0, "kin-hi": 54.0 + seed, "far-lo": 29.0})
    assert case.judge() == CellOutcome("complete", ((5.0 - 1.0) / 2, -1.0))
    assert case.judge(OptunaSearch(num_cells=1, objectives=("worst_delta",))).values == (-1.0,)


def test_collapsed_trials_count_with_their_scores(case: Case) -> None:
    for trial in case.trials:
        is_first = trial.plan.spec.seed == 0
        scores = {"src": 33.0, "kin-hi": 35.0 if is_first else 50.0, "far-lo": 30.0}
        case.end(trial, scores, "degenerate" if is_first else "ok")
    assert case.judge().values == (pytest.approx(-2.5), pytest.approx(-5.0))


@pytest.mark.parametrize("status", ["diverged", "stopped_early"])
def test_a_trial_without_an_end_makes_the_cell_worse_than_all_others(case: Case, status: str) -> None:
    for trial in case.trials:
        case.end(trial, {"src": 80.0, "kin-hi": 90.0}, status if trial.plan.spec.seed == 1 else "ok")
    outcome = case.judge()
    assert (outcome.state, outcome.values) == ("pruned", ())
    assert status in outcome.reason


def test_seeds_that_a_machine_lost_are_left_out_and_without_any_the_cell_failed(case: Case) -> None:
    for trial in case.trials:
        status = "ok" if trial.plan.spec.seed == 2 else "infra"
        case.end(trial, {"src": 80.0, "kin-hi": 51.0, "far-lo": 33.0}, status)
    assert case.judge().values == (2.0, 1.0)
    case.end(case.trials[2], {}, "oom")
    outcome = case.judge()
    assert outcome.state == "failed"
    assert "infra, oom" in outcome.reason


def test_a_baseline_is_no_better_than_itself(case: Case) -> None:
    assert judge_cell(case.store, (), case.baselines, BOTH) == CellOutcome("complete", (0.0, 0.0))
    assert judge_cell(case.store, case.baselines, (), BOTH).values == (0.0, 0.0)


def test_a_metric_that_no_score_is_of_is_no_value(case: Case) -> None:
    for trial in case.trials:
        case.end(trial, {"src": 80.0, "kin-hi": 51.0})
    search: Any = BOTH.model_copy(update={"metric": "f1"})
    assert case.judge(search).state == "failed"


def test_a_damaged_row_is_left_out(case: Case) -> None:
    for trial in case.trials:
        case.end(trial, {"src": 80.0, "kin-hi": 51.0, "far-lo": 33.0})
    path = case.store.folder / "scores" / f"{case.trials[0].trial_id}.parquet"
    path.write_bytes(path.read_bytes()[:100])
    assert case.judge().values == (2.0, 1.0)
