"""Weights that were kept score as those that were trained, to the bit, and nothing is trained again."""

import dataclasses
import shutil

import pytest

from tests.xlt_core.pair_trials import NUM_STEPS, build_plan, build_workspace, comparable
from xlt_core.artifacts import read_manifest
from xlt_core.run import discard_checkpoints, run_trial


@pytest.fixture(scope="module")
def kept(inputs, tmp_path_factory):
    """A finished trial whose weights were kept."""
    plan, workspace = build_plan(inputs), build_workspace(tmp_path_factory.mktemp("kept"), keep_weights=True)
    result = run_trial(plan, workspace)
    discard_checkpoints(plan, workspace)
    return plan, workspace, result


def test_a_trial_whose_weights_were_kept_trains_nothing_and_has_the_same_bits(kept):
    plan, workspace, expected = kept
    seen = []
    result = run_trial(plan, workspace, seen.append)
    assert not seen
    assert comparable(result) == comparable(expected)
    assert result.train_seconds == 0.0
    assert result.num_steps == NUM_STEPS
    assert result.perturbation == expected.perturbation
    assert [(stage.kind, stage.is_shared) for stage in result.stages] == [("intermediate", True), ("target", True)]


def test_a_trial_that_is_scored_otherwise_uses_the_weights_of_its_target_stage(kept, inputs):
    plan, workspace, expected = kept
    other = build_plan(
        inputs, evaluation={"languages": ["de"], "conditions": ["clean", {"kind": "typos", "share": 0.2}]}
    )
    assert other.trial_id != plan.trial_id
    seen = []
    result = run_trial(other, workspace, seen.append)
    assert not seen
    clean = [score for score in result.scores if score.condition == "clean"]
    assert clean == [score for score in expected.scores if score.language == "de"]
    assert len(result.scores) == 2


def test_the_stages_before_need_not_be_there_any_more(kept, tmp_path):
    plan, workspace, expected = kept
    alone = dataclasses.replace(workspace, root=tmp_path)
    shutil.copytree(workspace.weights, alone.weights)
    result = run_trial(plan, alone)
    assert comparable(result) == comparable(expected)
    assert not alone.stages.exists()


def test_a_method_that_changes_the_head_is_read_back(inputs, tmp_path):
    settings = {"task": "pawsx", "data": str(inputs / "data"), "perturbation": {"method": "r4f", "magnitude": 0.1}}
    plan, workspace = (
        build_plan(inputs, intermediate=None, target=settings),
        build_workspace(tmp_path, keep_weights=True),
    )
    expected = run_trial(plan, workspace)
    assert comparable(run_trial(plan, workspace)) == comparable(expected)


def test_damaged_weights_are_trained_again_and_published_anew(kept, tmp_path, caplog):
    plan, workspace, expected = kept
    damaged = dataclasses.replace(workspace, root=tmp_path)
    shutil.copytree(workspace.weights, damaged.weights)
    folder = damaged.weights / plan.target_stage.key
    head = folder / "head.safetensors"
    head.write_bytes(head.read_bytes()[:-4] + b"flip")
    result = run_trial(plan, damaged)
    assert "damaged" in caplog.text
    assert comparable(result) == comparable(expected)
    assert result.train_seconds > 0.0
    assert read_manifest(folder)["summary"]["num_steps"] == NUM_STEPS


def test_weights_are_kept_only_where_it_was_asked_for_and_of_whole_trainings(inputs, tmp_path):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    run_trial(plan, workspace, stop_at_step=5)
    assert not workspace.weights.exists()
    run_trial(plan, dataclasses.replace(workspace, keep_weights=True), stop_at_step=5)
    assert not workspace.weights.exists()


def test_no_weights_are_kept_of_a_training_that_diverged(inputs, tmp_path):
    wild = {"num_steps": 30, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    plan = build_plan(inputs, intermediate=None, optim=wild)
    workspace = build_workspace(tmp_path, keep_weights=True)
    assert run_trial(plan, workspace).status == "diverged"
    assert not workspace.weights.exists()
