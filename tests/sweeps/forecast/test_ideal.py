"""Work that was done against the ideal of the tree."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.forecast.ideal import compare_work, count_steps_taken
from sweeps.observing.events import EventLog, log_path, read_events
from sweeps.planning.plan import collect_shared_stages, plan_sweep
from sweeps.planning.tree import build_tree
from tests.sweeps.factories import make_space, run_inline
from tests.sweeps.finished import finish_trials
from tests.sweeps.forecast.test_rates import describe_trial, score_trial


def _log(path: Path, attempts: list[list[int]]) -> None:
    """Every attempt in a log of its own, so that the first step of each is written."""
    for number, steps in enumerate(attempts, start=1):
        log = EventLog(path, attempt=number)
        log.write("attempt", kind="trial")
        for step in steps:
            log.write("step", step=step, num_steps=step, loss=0.5)


@given(st.integers(1, 30), st.integers(1, 30))
def test_an_attempt_that_goes_on_from_a_checkpoint_counts_its_own_steps(
    tmp_path_factory: pytest.TempPathFactory, num_before: int, num_after: int
) -> None:
    path = tmp_path_factory.mktemp("logs") / "unit.jsonl"
    begin = num_before // 2
    _log(path, [sorted({1, num_before}), sorted({begin + 1, begin + num_after})])
    assert count_steps_taken(read_events(path)) == num_before + num_after


def test_a_unit_of_several_trainings_counts_all_of_them(tmp_path: Path) -> None:
    _log(tmp_path / "unit.jsonl", [[1, 10, 7, 10, 10]])  # 10, then 10 of which the first six are not logged, then 10
    assert count_steps_taken(read_events(tmp_path / "unit.jsonl")) == 30


def test_rows_of_trials_that_found_every_stage_are_the_ideal(tmp_path: Path) -> None:
    plan = plan_sweep(make_space(seeds=2))
    store = finish_trials(tmp_path / "s", plan, score_trial, describe_trial)
    found, tree = compare_work(plan.trials, store), build_tree(plan.trials)
    assert (found.num_steps_ideal, found.num_steps_alone) == (tree.num_steps, tree.num_steps_alone)
    assert found.num_stages_done == found.num_stages_ideal == 3
    assert (found.num_steps_done, found.repeated_share) == (None, None)


def test_a_stage_that_two_trials_ran_for_themselves_was_run_once_too_often(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    [arm] = [one for one in collect_shared_stages(plan.trials) if one.stage.kind == "intermediate"]

    def describe(trial: object) -> dict[str, object]:
        row = dict(describe_trial(trial))  # type: ignore[arg-type]
        stages = json.loads(str(row["stages"]))
        for stage in stages:
            stage["is_shared"] = stage["is_shared"] and stage["stage_key"] != arm.stage.key
        return {**row, "stages": json.dumps(stages)}

    store = finish_trials(tmp_path / "s", plan, score_trial, describe)
    found = compare_work(plan.trials, store)
    assert len(arm.trial_ids) == 2
    assert (found.num_stages_ideal, found.num_stages_done) == (2, 3)


def test_steps_of_logs_are_compared_with_those_of_the_tree(tmp_path: Path) -> None:
    plan = plan_sweep(make_space())
    store = finish_trials(tmp_path / "s", plan, score_trial, describe_trial)
    for shared in collect_shared_stages(plan.trials):
        num_steps = 3 if shared.stage.kind == "pretrain" else 4
        _log(log_path(tmp_path / "s", shared.stage.key), [list(range(1, num_steps + 1))])
    for place, trial in enumerate(plan.trials):
        _log(log_path(tmp_path / "s", trial.trial_id), [[1, 2], [2, 3, 4]] if place == 0 else [[1, 2, 3, 4]])
    found = compare_work(plan.trials, store)
    assert found.num_steps_ideal == 3 + 4 + 4 * 4
    assert found.num_steps_done is not None
    assert found.repeated_share == pytest.approx(found.num_steps_done / found.num_steps_ideal - 1)
    assert found.num_steps_done == found.num_steps_ideal + 1


def test_an_undisturbed_sweep_does_no_more_than_the_tree_asks_for(tmp_path: Path) -> None:
    space = make_space()
    store = run_inline(space, tmp_path / "s").store
    found = compare_work(plan_sweep(space).trials, store)
    assert found.num_steps_done == found.num_steps_ideal
    assert found.num_stages_done == found.num_stages_ideal
