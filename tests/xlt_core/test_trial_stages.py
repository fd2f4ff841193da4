"""The stages of a trial in order: what of them is told in the end, also where nothing had to be trained."""

import shutil

import torch

from tests.xlt_core.pair_trials import build_plan, build_workspace
from xlt_core.result import ArmRecord
from xlt_core.trial_stages import train_trial


def test_kept_weights_say_of_the_training_all_that_it_said_itself(inputs, tmp_path):
    halved = {
        "task": "pawsx",
        "data": str(inputs / "data"),
        "half": 0,
        "optim": {"num_steps": 20, "learning_rate": 1e-3},
    }
    plan = build_plan(inputs, intermediate=halved)
    workspace = build_workspace(tmp_path, keep_weights=True)
    trained, again = train_trial(plan, workspace), train_trial(plan, workspace)
    assert (again.status, again.reason) == (trained.status, trained.reason)
    assert again.arm == trained.arm == ArmRecord()
    told = {**vars(trained.summary), "train_seconds": 0.0}
    assert vars(again.summary) == told
    assert [(cost.stage_key, cost.wall_seconds) for cost in again.costs] == [
        (cost.stage_key, cost.wall_seconds) for cost in trained.costs
    ]
    weights = again.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in trained.model.state_dict().items())


def test_a_stage_that_went_wrong_is_named_in_the_trial(inputs, tmp_path):
    still = {"task": "pawsx", "data": str(inputs / "data"), "optim": {"num_steps": 3, "learning_rate": 1e-9}}
    plan = build_plan(inputs, intermediate=still)
    workspace = build_workspace(tmp_path, keep_weights=True)
    trained = train_trial(plan, workspace)
    key = plan.shared_stages[0].key
    assert trained.reason.startswith(f"intermediate stage {key} degenerate: ")
    shutil.rmtree(workspace.stages)
    assert train_trial(plan, workspace).reason == trained.reason


def test_no_target_stage_is_trained_after_one_that_diverged(inputs, tmp_path):
    wild = {"num_steps": 30, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    plan = build_plan(inputs, intermediate={"task": "pawsx", "data": str(inputs / "data"), "optim": wild})
    trained = train_trial(plan, build_workspace(tmp_path), until_step=5)
    assert trained.model is None
    assert [cost.kind for cost in trained.costs] == ["intermediate"]
    assert trained.summary.num_steps == 0
