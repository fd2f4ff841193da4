"""What is taken over, from whom, and that merged rows are those of a whole run."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.planning.plan import PlannedTrial, SweepPlan
from sweeps.tables.rows import lay_out_result, publish_result
from sweeps.tables.takeover import Course, known_scores, merge_predictions, merge_scores, read_course
from tests.sweeps.factories import BASE, make_space, run_inline
from xlt_core.result import TrialResult
from xlt_core.run import run_trial
from xlt_core.workspace import Workspace

NOISE = {"kind": "noise", "perturbation": {"method": "gaussian", "magnitude": 0.3}}
REASON = "stopped by asha at step 2 of 4"


def _space(languages: list[str], conditions: list[Any], **changes: Any) -> SearchSpace:
    base = {**BASE, "evaluation": {"languages": languages, "max_examples": 10, "conditions": conditions}}
    return make_space(**{"base": base, "axes": {}, "baseline": {}, **changes})


def _publish(store: ResultStore, result: TrialResult) -> TrialResult:
    publish_result(store, result, attempt=1)
    return result


def _run(store: ResultStore, plan: SweepPlan, **named: Any) -> TrialResult:
    return run_trial(plan.trials[0].plan, Workspace(root=store.folder), **named)


def _asked(trial: PlannedTrial) -> set[tuple[str, str]]:
    names = [condition.name for condition in trial.plan.spec.evaluation.conditions]
    return {(language, name) for language in trial.plan.languages for name in names}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultStore, SweepPlan, TrialResult]:
    """One trial, scored in two languages under all conditions."""
    folder = tmp_path_factory.mktemp("scored") / "s"
    store, plan = begin_sweep(_space(["src", "far-lo"], ["clean", "generalized", NOISE]), folder)
    return store, plan, _publish(store, _run(store, plan))


def test_rows_merged_in_any_split_are_the_rows_of_the_whole(
    scored: tuple[ResultStore, SweepPlan, TrialResult],
) -> None:
    _, plan, result = scored
    trial, whole = plan.trials[0], lay_out_result(result, attempt=1)
    pairs = sorted(_asked(trial))
    for mask in range(2 ** len(pairs)):
        known = frozenset(pair for place, pair in enumerate(pairs) if mask >> place & 1)
        earlier = [{**row, "trial_id": "earlier"} for row in reversed(whole.scores)]
        new = [row for row in whole.scores if (row["language"], row["condition"]) not in known]
        by_block = sorted(earlier, key=lambda row: [whole.scores.index({**row, "trial_id": trial.trial_id})])
        assert merge_scores(trial.plan, known, by_block, new) == whole.scores
    renamed = whole.predictions.set_column(0, "trial_id", pa.repeat("earlier", whole.predictions.num_rows))
    nothing = whole.predictions.slice(0, 0)
    merged = merge_predictions(trial.plan, frozenset(pairs), renamed, nothing)
    assert merged.to_pylist() == whole.predictions.to_pylist()
    assert merge_predictions(trial.plan, frozenset(), renamed, whole.predictions).to_pylist() == merged.to_pylist()


def test_scores_under_a_condition_of_two_languages_are_known_all_or_not_at_all(
    scored: tuple[ResultStore, SweepPlan, TrialResult], tmp_path: Path
) -> None:
    store, _, _ = scored
    asked = _space(["src", "far-lo", "kin-hi"], ["clean", "generalized", NOISE])
    _, wider = begin_sweep(asked, store.folder)
    (wide,) = wider.trials
    assert wide.supersedes is not None
    assert known_scores(store, wide.supersedes, wide.plan) == {
        (language, name) for language in ("src", "far-lo") for name in ("clean", "noise:gaussian:0.3")
    }


@pytest.mark.parametrize("change", [{"split": "dev"}, {"max_examples": 9}])
def test_scores_of_other_settings_are_not_known(
    scored: tuple[ResultStore, SweepPlan, TrialResult], tmp_path: Path, change: dict[str, Any]
) -> None:
    store, plan, _ = scored
    trial = plan.trials[0]
    evaluation = trial.plan.spec.evaluation.model_copy(update=change)
    other = trial.plan.model_copy(update={"spec": trial.plan.spec.model_copy(update={"evaluation": evaluation})})
    assert known_scores(store, trial.trial_id, trial.plan) == _asked(trial)
    assert known_scores(store, trial.trial_id, other) == frozenset()
    assert known_scores(store, trial.trial_id, trial.plan, stop_at_step=2) == frozenset()
    assert known_scores(store, "never planned", trial.plan) == frozenset()


def test_failures_have_no_course_and_no_scores(tmp_path: Path) -> None:
    store, plan = begin_sweep(_space(["src"], ["clean"]), tmp_path)
    trial = plan.trials[0]
    assert read_course(store, trial.trial_id) is None
    for status in ("oom", "infra", "diverged"):
        store.publish_trial({"trial_id": trial.trial_id, "status": status, "reason": "why"}, [])
        assert read_course(store, trial.trial_id) is None
        assert known_scores(store, trial.trial_id, trial.plan) == frozenset()
    store.publish_trial({"trial_id": trial.trial_id, "status": "ok"}, [])
    assert read_course(store, trial.trial_id) == Course(None, "")


def test_a_trial_that_was_stopped_early_is_scored_on_more_as_it_was_when_it_was_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    store, plan = begin_sweep(_space(["src"], ["clean"]), folder)
    _publish(store, _run(store, plan, stop_at_step=2, stop_reason=REASON))
    assert read_course(store, plan.trials[0].trial_id) == Course(2, REASON)
    wide = _space(["src", "far-lo"], ["clean", NOISE])
    assert run_inline(wide, folder).num_run == 1
    (row,) = ResultStore.open(folder).trials().to_pylist()
    assert (row["status"], row["num_steps"]) == ("stopped_early", 2)
    other, expected = begin_sweep(wide, tmp_path / "other")
    fresh = _publish(other, _run(other, expected, stop_at_step=2, stop_reason=REASON))
    assert row["reason"] == fresh.reason
    for table in ("scores", "predictions"):
        rows = getattr(ResultStore.open(folder), table)().to_pylist()
        assert rows == getattr(other, table)().to_pylist()
