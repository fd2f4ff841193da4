"""A trial that goes rung by rung ends with the bits of one that ran through, and remembers its rungs."""

import pytest
import torch

from tests.xlt_core.pair_trials import (
    NUM_STEPS,
    build_plan,
    build_workspace,
    comparable,
    final_weights,
)
from xlt_core.result import Rung
from xlt_core.run import discard_checkpoints, run_trial
from xlt_core.rungs import advance_trial, read_rungs
from xlt_core.trial_stages import checkpoints_of


@pytest.fixture(scope="module")
def whole(inputs, tmp_path_factory):
    """A trial that no scheduler looked at."""
    plan, workspace = build_plan(inputs), build_workspace(tmp_path_factory.mktemp("whole"))
    result = run_trial(plan, workspace)
    return result, final_weights(plan, workspace)


def test_a_trial_that_went_rung_by_rung_ends_with_the_same_bits(inputs, whole, tmp_path):
    expected, weights = whole
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    reports = [advance_trial(plan, workspace, step) for step in (5, 20, 41)]
    result = run_trial(plan, workspace)
    assert comparable(result) == comparable(expected)
    assert all(torch.equal(value, weights[name]) for name, value in final_weights(plan, workspace).items())
    assert [report.num_steps for report in reports] == [5, 20, 41]
    assert result.rungs == tuple(Rung(num_steps=report.num_steps, score=report.source_dev_score) for report in reports)
    assert expected.rungs == ()


def test_a_rung_has_the_score_of_a_trial_that_is_stopped_there(inputs, tmp_path):
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    report = advance_trial(plan, workspace, 30)
    stopped = run_trial(plan, workspace, stop_at_step=30)
    assert report.source_dev_score == stopped.source_dev_score
    assert 0.0 < report.source_dev_score <= 100.0


def test_the_last_rung_is_the_end_of_training(inputs, whole, tmp_path):
    expected, _ = whole
    plan, workspace = build_plan(inputs), build_workspace(tmp_path)
    report = advance_trial(plan, workspace, 10 * NUM_STEPS)
    assert report.num_steps == NUM_STEPS
    assert report.source_dev_score == expected.source_dev_score
    seen = []
    result = run_trial(plan, workspace, seen.append)
    assert comparable(result) == comparable(expected)
    assert not seen, "nothing is trained again"


def test_a_rung_that_was_reached_before_is_only_looked_up(inputs, tmp_path):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    first = advance_trial(plan, workspace, 8)
    seen = []
    assert advance_trial(plan, workspace, 8, seen.append) == first
    assert not seen
    advance_trial(plan, workspace, 12, seen.append)
    assert [progress.num_steps_taken for progress in seen] == [9, 10, 11, 12]


def test_rungs_are_forgotten_with_the_checkpoints(inputs, tmp_path):
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path)
    advance_trial(plan, workspace, 3)
    assert len(read_rungs(checkpoints_of(plan, workspace))) == 1
    discard_checkpoints(plan, workspace)
    assert read_rungs(checkpoints_of(plan, workspace)) == ()


def test_a_training_that_diverges_before_a_rung_says_so_there(inputs, tmp_path):
    wild = {"num_steps": 30, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    plan, workspace = build_plan(inputs, intermediate=None, optim=wild), build_workspace(tmp_path)
    report = advance_trial(plan, workspace, 25)
    assert "not finite" in report.diverged_reason
    assert report.source_dev_score is None
    result = run_trial(plan, workspace)
    assert (result.status, result.num_steps) == ("diverged", report.num_steps)
