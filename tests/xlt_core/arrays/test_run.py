"""What an array makes of trials is what `train_trial` makes of each: status, costs, summary, weights, candidates."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.factories import write_pair_folder
from tests.xlt_core.pair_trials import build_plan, build_workspace, comparable
from xlt_core.arrays import run
from xlt_core.arrays.room import count_models_that_fit
from xlt_core.arrays.run import ArrayMember, ArrayTraining, train_array
from xlt_core.arrays.width import measure_width
from xlt_core.encoders.vocabulary import PartialEmbedding
from xlt_core.plan import TrialPlan
from xlt_core.run import run_trial
from xlt_core.trial_stages import TrainedTrial, train_trial
from xlt_core.workspace import Workspace

NUM_STEPS = 8
OPTIM = {"num_steps": NUM_STEPS, "learning_rate": 5e-3, "batch_size": 16}
WILD = {"num_steps": 6, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}


def plan_trials(inputs: Path, magnitudes: Sequence[float] = (0.0, 0.1, 0.5), **change: Any) -> list[TrialPlan]:
    """Noise of growing magnitude, one order of data: to the bit as alone."""
    plans = []
    for magnitude in magnitudes:
        noise = {"perturbation": {"method": "gaussian", "magnitude": magnitude}}
        target = {"task": "pawsx", "data": str(inputs / "data"), **noise}
        settings = {"target": target, "optim": OPTIM, "intermediate": None, **change}
        plans.append(build_plan(inputs, **settings))
    return plans


def gather(plans: Sequence[TrialPlan], workspace: Workspace) -> list[ArrayMember]:
    return [ArrayMember(plan, workspace, None) for plan in plans]


def train_each(plans: Sequence[TrialPlan], workspace: Workspace) -> dict[str, TrainedTrial]:
    return {plan.trial_id: train_trial(plan, workspace) for plan in plans}


def describe(trained: TrainedTrial) -> dict[str, Any]:
    """All but weights and seconds."""
    costs = [{**asdict(cost), "wall_seconds": 0.0} for cost in trained.costs]
    summary = {**asdict(trained.summary), "train_seconds": 0.0}
    told = {"status": trained.status, "reason": trained.reason, "costs": costs, "arm": trained.arm}
    return {**told, "summary": repr(summary)}  # NaN is not equal to itself


def assert_equal(found: TrainedTrial, known: TrainedTrial) -> None:
    assert describe(found) == describe(known)
    assert (found.model is None) == (known.model is None)
    if found.model is not None and known.model is not None:
        weights = known.model.state_dict()
        assert all(torch.equal(value, weights[name]) for name, value in found.model.state_dict().items())
        assert not isinstance(found.model.encoder.word_embedding, PartialEmbedding), "the table is whole again"


def assert_all_equal(found: ArrayTraining, known: dict[str, TrainedTrial]) -> None:
    assert [*found.trained] == [*known]
    for trial_id, trained in known.items():
        assert_equal(found.trained[trial_id], trained)


def test_an_array_makes_of_trials_what_each_becomes_alone(inputs, tmp_path):
    """After an intermediate stage that they share, with weight decay, which the rows of unread tokens feel, too."""
    stage = {"task": "pawsx", "data": str(inputs / "data"), "optim": {"num_steps": 5, "learning_rate": 1e-3}}
    plans = plan_trials(inputs, intermediate=stage, optim={**OPTIM, "weight_decay": 0.1})
    known = train_each(plans, build_workspace(tmp_path / "alone"))
    found = train_array(gather(plans, build_workspace(tmp_path / "array")), max_width=3)
    assert_all_equal(found, known)
    assert (found.left, found.width) == ((), 3)
    assert all(trained.own_seconds > 0.0 for trained in found.trained.values())


def test_a_trial_that_an_array_has_trained_has_the_scores_that_it_has_alone(inputs, tmp_path):
    """Of all rules of selection, whose weights are kept on the way; and kept weights are those of the trial."""
    evaluation = {"selections": ["last", "averaged", "english_dev"], "num_candidates": 4}
    plans = plan_trials(inputs, (0.0, 0.3), evaluation=evaluation)
    alone = build_workspace(tmp_path / "alone", keep_weights=True)
    array = build_workspace(tmp_path / "array", keep_weights=True)
    found = train_array(gather(plans, array), max_width=2)
    for plan in plans:
        known = run_trial(plan, alone)
        result = run_trial(plan, array, trained=found.trained[plan.trial_id])
        assert comparable(result) == comparable(known)
        assert {score.selection for score in result.scores} > {"last"}
        kept = [
            load_file(next((place.weights / plan.target_stage.key).rglob("*.safetensors"))) for place in (alone, array)
        ]
        assert kept[0].keys() == kept[1].keys()
        assert all(torch.equal(value, kept[1][name]) for name, value in kept[0].items())


def test_a_member_that_diverges_is_that_result_and_the_others_are_theirs(inputs, tmp_path):
    calm = plan_trials(inputs)[1:]
    wild = plan_trials(inputs, (0.1,), optim={**WILD, "num_steps": NUM_STEPS, "batch_size": 16})
    plans = [calm[0], *wild, calm[1]]
    known = train_each(plans, build_workspace(tmp_path / "alone"))
    found = train_array(gather(plans, build_workspace(tmp_path / "array")), max_width=3)
    assert [trained.status == "diverged" for trained in found.trained.values()] == [False, True, False]
    assert_all_equal(found, known)


@pytest.mark.parametrize("num_wild", [1, 2])
def test_no_target_stage_is_trained_after_one_that_diverged(inputs, tmp_path, num_wild):
    stage = {"task": "pawsx", "data": str(inputs / "data"), "optim": WILD}
    plans = plan_trials(inputs, (0.1, 0.5)[:num_wild], intermediate=stage) + plan_trials(inputs, (0.3,))[num_wild - 1 :]
    plans = plans[:2]
    known = train_each(plans, build_workspace(tmp_path / "alone"))
    found = train_array(gather(plans, build_workspace(tmp_path / "array")))
    assert [trained.model is None for trained in found.trained.values()] == [True] * num_wild + [False] * (2 - num_wild)
    assert_all_equal(found, known)
    assert (found.left, found.width) == ((), 2), "nothing says that one alone is quickest"
    assert not found.is_measured


@pytest.mark.parametrize("max_width", [1, 2])
def test_no_more_members_are_begun_than_are_quickest_together(inputs, tmp_path, max_width):
    plans = plan_trials(inputs)
    ids = [plan.trial_id for plan in plans]
    workspace = build_workspace(tmp_path / "array")
    found = train_array(gather(plans, workspace), max_width=max_width)
    assert (found.width, [*found.trained], found.left) == (max_width, ids[:max_width], tuple(ids[max_width:]))
    assert_all_equal(found, train_each(plans[:max_width], build_workspace(tmp_path / "alone")))
    assert {path.name for path in workspace.checkpoints.iterdir()} == {*ids[:max_width]}


def test_without_a_width_that_is_known_it_is_measured_before_training_and_changes_nothing(
    inputs, tmp_path, monkeypatch
):
    measured: list[int] = []

    def measure(tunings: Sequence[Any]) -> int:
        measured.append(measure_width(tunings))
        return 2

    monkeypatch.setattr(run, "measure_width", measure)
    plans = plan_trials(inputs)
    found = train_array(gather(plans, build_workspace(tmp_path / "array")))
    assert measured[0] in (1, 3)
    assert (found.width, len(found.trained), len(found.left)) == (2, 2, 1)
    assert_all_equal(found, train_each(plans[:2], build_workspace(tmp_path / "alone")))


def test_where_memory_is_short_fewer_are_begun(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "count_models_that_fit", lambda tuning: min(2, count_models_that_fit(tuning)))
    monkeypatch.setattr(run, "measure_width", len)
    found = train_array(gather(plan_trials(inputs), build_workspace(tmp_path)))
    assert (len(found.trained), len(found.left), found.width) == (2, 1, 2)


def read_rows(root: Path, plan: TrialPlan) -> set[int]:
    """Tokens whose word embeddings are in a trial's last checkpoint."""
    folder = max((build_workspace(root).checkpoints / plan.trial_id).glob("step_*"))
    (rows,) = (value for name, value in load_file(folder / "state.safetensors").items() if name.startswith("rows."))
    return set(rows.tolist())


def test_a_member_may_read_words_that_no_other_reads(inputs, tmp_path):
    """Tables of word embeddings have the rows of all, and a word that is not one's own decays as it would alone."""
    write_pair_folder(tmp_path / "few", num_train=3)
    optim = {**OPTIM, "batch_size": 2, "num_steps": 3, "weight_decay": 0.1, "epsilon": 1e-3}
    plans = [
        build_plan(inputs, intermediate=None, optim=optim, target={"task": "pawsx", "data": str(folder)})
        for folder in (inputs / "data", tmp_path / "few")
    ]
    known = train_each(plans, build_workspace(tmp_path / "alone"))
    found = train_array(gather(plans, build_workspace(tmp_path / "array")), max_width=2)
    rows = [[read_rows(tmp_path / name, plan) for plan in plans] for name in ("alone", "array")]
    assert rows[0][0] > rows[0][1]
    assert rows[1][0] == rows[1][1] == rows[0][0]
    for trial_id, trained in known.items():
        assert found.trained[trial_id].status == trained.status
        weights = trained.model.state_dict()
        for name, value in found.trained[trial_id].model.state_dict().items():
            torch.testing.assert_close(value, weights[name], rtol=1e-4, atol=1e-5)


def test_an_array_that_breaks_leaves_checkpoints_that_each_member_goes_on_from(inputs, tmp_path):
    plans = plan_trials(inputs)
    known = train_each(plans, build_workspace(tmp_path / "alone"))
    workspace = build_workspace(tmp_path / "array", every=3)

    def fail(progress: Any) -> None:
        if progress.num_steps_taken == 5:
            raise RuntimeError("a kernel is missing")

    members = [member._replace(on_progress=fail) for member in gather(plans, workspace)]
    with pytest.raises(RuntimeError, match="a kernel is missing"):
        train_array(members, max_width=3)
    for plan in plans:
        seen: list[int] = []
        again = train_trial(plan, workspace, lambda progress, seen=seen: seen.append(progress.num_steps_taken))
        assert seen[0] == 4, "it goes on from step 3"
        assert_equal(again, known[plan.trial_id])
    assert np.isfinite([known[plan.trial_id].summary.final_train_loss for plan in plans]).all()
