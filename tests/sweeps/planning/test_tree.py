"""The stage tree: each stage once, and what sharing saves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.space import SearchSpace
from sweeps.planning import tree
from sweeps.planning.plan import collect_shared_stages, num_stage_runs_saved, plan_sweep
from sweeps.planning.tree import StageTree, build_tree, count_steps, count_trainings
from tests.factories import build_encoder
from tests.sweeps.factories import BASE, make_space
from xlt_core.difficulty import MEASURES, load_measure
from xlt_core.difficulty.base import Pool
from xlt_core.difficulty.spec import ScorerSpec
from xlt_core.tasks.examples import SingleExamples

NUM_STEPS = 4


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder that needs no pre-training."""
    folder = tmp_path_factory.mktemp("encoder")
    build_encoder().save(folder)
    return folder


def _cross_doses_with_magnitudes(encoder: Path, **changes: Any) -> SearchSpace:
    """3 doses x 5 magnitudes x 5 seeds; both stages are of one length."""
    return make_space(
        base={**BASE, "encoder": str(encoder), "intermediate": {"task": "world"}},
        axes={
            "intermediate.dose": [0.0, 0.5, 1.0],
            "target.perturbation.magnitude": [0.0, 0.1, 0.2, 0.3, 0.4],
        },
        baseline={"target.perturbation.magnitude": 0.0},
        seeds=5,
        **changes,
    )


def _build(space: SearchSpace) -> StageTree:
    return build_tree(plan_sweep(space).trials)


def test_three_doses_five_magnitudes_and_five_seeds_are_90_units_of_work_and_not_150(encoder: Path) -> None:
    found = _build(_cross_doses_with_magnitudes(encoder))
    assert (found.num_stages, found.num_stages_alone) == (90, 150)
    assert (found.num_steps / NUM_STEPS, found.num_steps_alone / NUM_STEPS) == (90, 150)
    assert [(group.title, group.depth, len(group.keys), set(group.num_trials)) for group in found.groups] == [
        ("intermediate world dose 0", 0, 5, {5}),
        ("target world", 1, 25, {1}),
        ("intermediate world dose 0.5", 0, 5, {5}),
        ("target world", 1, 25, {1}),
        ("intermediate world dose 1", 0, 5, {5}),
        ("target world", 1, 25, {1}),
    ]


def test_seeds_that_vary_from_the_target_on_share_their_intermediate_stages(encoder: Path) -> None:
    space = _cross_doses_with_magnitudes(encoder, seeds_from="target")
    shared = collect_shared_stages(plan_sweep(space).trials)
    assert [(stage.title, len(stage.trial_ids)) for stage in shared] == [
        (f"intermediate world dose {dose} · seed 0", 25) for dose in ("0", "0.5", "1")
    ]
    found = _build(space)
    assert (found.num_stages, found.num_steps / NUM_STEPS) == (3 + 75, 3 + 75)


def test_a_stage_of_all_seeds_is_that_of_seed_0_and_its_cells_are_others(encoder: Path) -> None:
    """Equal trials are run once; cells whose seeds vary in less are not mixed with those whose seeds vary in more."""
    own = plan_sweep(_cross_doses_with_magnitudes(encoder))
    shared = plan_sweep(_cross_doses_with_magnitudes(encoder, seeds_from="target"))
    assert own.sweep_id != shared.sweep_id
    ids = [{trial.trial_id for trial in plan.trials if trial.plan.spec.seed == 0} for plan in (own, shared)]
    assert ids[0] == ids[1]
    assert {trial.trial_id for trial in own.trials} & {trial.trial_id for trial in shared.trials} == ids[0]
    cells = [{trial.plan.cell_id for trial in plan.trials} for plan in (own, shared)]
    assert not cells[0] & cells[1]
    assert own.num_cells == shared.num_cells == 15


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, unique=True),
    st.lists(st.sampled_from([0.0, 0.1, 0.2]), min_size=1, unique=True),
    st.integers(1, 3),
    st.sampled_from(["intermediate", "target"]),
)
def test_the_tree_holds_every_stage_once_and_agrees_with_the_list_of_shared_stages(
    doses: list[float], magnitudes: list[float], num_seeds: int, seeds_from: str
) -> None:
    trials = plan_sweep(
        make_space(
            axes={
                "intermediate": ["none", {"task": "world", "dose": doses}],
                "target.perturbation.magnitude": magnitudes,
            },
            seeds=num_seeds,
            seeds_from=seeds_from,
        )
    ).trials
    found, shared = build_tree(trials), collect_shared_stages(trials)
    keys = [key for group in found.groups for key in group.keys]
    assert sorted(keys) == sorted([stage.stage.key for stage in shared] + [trial.trial_id for trial in trials])
    assert found.num_stages == len(keys)
    assert found.num_stages_alone - found.num_stages == num_stage_runs_saved(trials)
    alone = sum(count_steps(stage) for trial in trials for stage in trial.plan.stages)
    assert found.num_steps_alone == alone
    assert found.num_steps == sum(group.num_steps for group in found.groups) <= alone


def test_a_tree_of_many_groups_is_told_by_kind_and_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_NUM_GROUPS", 3)
    found = _build(make_space(axes={"intermediate": ["none", {"task": "world", "dose": [0.0, 0.5, 1.0]}]}, seeds=2))
    assert [(group.title, group.depth, len(group.keys)) for group in found.groups] == [
        ("pretrain", 0, 1),
        ("target world", 1, 2),
        ("intermediate world", 1, 6),
        ("target world", 2, 6),
    ]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(("num_folds", "num_seeds"), [(2, 1), (5, 3)])
def test_as_many_trainings_are_counted_as_a_measure_asks_for(measure: str, num_folds: int, num_seeds: int) -> None:
    scorer = ScorerSpec(measure=measure, num_folds=num_folds, num_seeds=num_seeds)
    names = tuple(map(str, range(40)))
    examples = SingleExamples(ids=names, texts=names, labels=(0,) * 40)
    runs = load_measure(measure)(scorer).list_runs(Pool(examples=examples, groups=np.arange(40) // 2))
    assert count_trainings(scorer) == len(runs)
    assert bool(runs) is MEASURES[measure].trains
