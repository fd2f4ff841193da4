"""A sweep's plan: identities, sharing, order."""

from collections import Counter
from pathlib import Path

import pytest

from search_spaces.searches import Scheduler
from sweeps.planning.plan import collect_shared_stages, num_stage_runs_saved, plan_single_trial, plan_sweep
from tests.factories import write_pair_folder
from tests.sweeps.factories import BASE, make_space
from tests.sweeps.scored import write_columns
from xlt_core.errors import XltError
from xlt_core.spec import parse_trial_spec


def test_every_trial_is_planned_once_and_its_baseline_is_planned_too() -> None:
    plan = plan_sweep(make_space(seeds=3))
    ids = [trial.trial_id for trial in plan.trials]
    assert len(ids) == len(set(ids)) == 12
    assert plan.num_cells == 4
    planned = {(trial.plan.cell_id, trial.plan.spec.seed) for trial in plan.trials}
    assert {(trial.baseline_cell_id, trial.plan.spec.seed) for trial in plan.trials} <= planned
    assert {trial.plan.cell_id for trial in plan.trials if trial.is_baseline} == {
        trial.baseline_cell_id for trial in plan.trials
    }


def test_shared_stages_come_once_and_parents_come_first() -> None:
    trials = plan_sweep(make_space(seeds=2)).trials
    stages = collect_shared_stages(trials)
    kinds = [shared.stage.kind for shared in stages]
    assert sorted(kinds) == ["intermediate", "intermediate", "pretrain"]  # one encoder, an intermediate stage a seed
    place = {shared.stage.key: index for index, shared in enumerate(stages)}
    for shared in stages:
        if shared.stage.parent is not None:
            assert place[shared.stage.parent] < place[shared.stage.key]
    for trial in trials:
        needed = {shared.stage.key for shared in stages if trial.trial_id in shared.trial_ids}
        assert needed == {stage.key for stage in trial.plan.shared_stages}


def test_examples_are_scored_once_whatever_doses_magnitudes_and_seeds_there_are(tmp_path: Path) -> None:
    scorer = {"measure": "column", "path": str(write_columns(tmp_path)[0])}
    arms = {"dose": [0.0, 0.5, 1.0, "random"], "difficulty": {"scorer": scorer, "waive": ["independent"]}}
    space = make_space(axes={"intermediate": {"task": "world", **arms}, "target.perturbation.magnitude": [0.0, 0.5]})
    for seeds, num_intermediate in ((1, 4), (2, 8)):
        trials = plan_sweep(space.model_copy(update={"seeds": seeds})).trials
        kinds = Counter(shared.stage.kind for shared in collect_shared_stages(trials))
        assert kinds == {"pretrain": 1, "score": 1, "intermediate": num_intermediate}
        (scored,) = (shared for shared in collect_shared_stages(trials) if shared.stage.kind == "score")
        with_arm = {trial.trial_id for trial in trials if trial.plan.spec.intermediate}
        assert set(scored.trial_ids) == with_arm
        assert len(with_arm) == 8 * seeds


def test_sharing_saves_every_run_but_the_first_of_each_stage() -> None:
    trials = plan_sweep(make_space(seeds=2)).trials
    alone = sum(len(trial.plan.shared_stages) for trial in trials)
    assert num_stage_runs_saved(trials) == alone - len(collect_shared_stages(trials))


def test_a_grown_space_is_the_same_sweep_and_keeps_its_trials() -> None:
    before = plan_sweep(make_space())
    after = plan_sweep(make_space(seeds=2, axes={"target.perturbation.magnitude": [0.0, 0.5, 1.0]}))
    assert after.sweep_id == before.sweep_id
    kept = {trial.trial_id for trial in after.trials} & {trial.trial_id for trial in before.trials}
    assert len(kept) == 2


@pytest.mark.parametrize("changes", [{"name": "other"}, {"base": {**BASE, "model": {"pooling": "mean"}}}])
def test_another_name_or_base_is_another_sweep(changes: dict[str, object]) -> None:
    assert plan_sweep(make_space(**changes)).sweep_id != plan_sweep(make_space()).sweep_id


def test_resources_are_no_part_of_an_identity() -> None:
    one, other = make_space(), make_space(resources={"cpu": 2.0, "max_concurrent": 1})
    assert plan_sweep(one) == plan_sweep(other)


def test_a_single_trial_is_its_own_baseline() -> None:
    trial = plan_single_trial(parse_trial_spec(BASE))
    assert trial.is_baseline
    assert trial.baseline_cell_id == trial.plan.cell_id


def test_an_encoder_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(XltError, match="no/where"):
        plan_sweep(make_space(base={**BASE, "encoder": "./no/where"}))


def test_a_search_that_proposes_plans_a_baseline_and_says_how_many_cells_will_come() -> None:
    plan = plan_sweep(make_space(seeds=2, search={"optuna": {"num_cells": 7}}))
    assert (len(plan.trials), plan.num_proposed) == (2, 7)
    assert all(trial.is_baseline for trial in plan.trials)
    assert plan.sweep_id == plan_sweep(make_space()).sweep_id, "a search may follow a grid in one folder"


def test_random_cells_are_planned_with_every_seed_and_more_of_them_keep_the_first() -> None:
    axes = {"target.perturbation.magnitude": {"uniform": [0.1, 1.0]}}
    few, more = (plan_sweep(make_space(axes=axes, seeds=2, search={"random": {"num_cells": n}})) for n in (3, 5))
    assert (len(few.trials), len(more.trials)) == (2 * 4, 2 * 6)
    assert {trial.trial_id for trial in few.trials} < {trial.trial_id for trial in more.trials}


def test_a_scheduler_without_a_dev_set_is_refused_at_planning(tmp_path: Path) -> None:
    data = tmp_path / "pairs"
    write_pair_folder(data)
    base = {**BASE, "target": {"task": "pawsx", "data": str(data)}, "evaluation": {}}
    space = make_space(
        base=base,
        axes={"target.perturbation": {"method": "fgm", "magnitude": [0.0, 0.5]}},
        baseline={"target.perturbation.magnitude": 0.0},
    )
    judged = space.model_copy(update={"scheduler": Scheduler.model_validate({"asha": {"grace_steps": 1}})})
    assert len(plan_sweep(judged).trials) == 2
    (data / "dev-en.tsv").unlink()
    assert len(plan_sweep(space).trials) == 2
    with pytest.raises(XltError, match="a scheduler judges trials by the dev set of the source language"):
        plan_sweep(judged)
