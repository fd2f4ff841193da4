"""How a training went: its status, its losses, its score on the source language's dev set."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.xlt_core.pair_trials import build_plan, build_workspace, write_inputs
from xlt_core.predict import Predictor, load_tokens
from xlt_core.summary import summarize_training
from xlt_core.task_stage import build_model
from xlt_core.train import TrainOutcome


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What a summary is made of, but for the log: an untrained model, the training tokens, settings, workspace."""
    inputs: Path = write_inputs(tmp_path_factory.mktemp("inputs"))
    plan, workspace = build_plan(inputs, intermediate=None), build_workspace(tmp_path_factory.mktemp("work"))
    model = build_model(plan.target_stage, plan.spec, workspace)
    settings = plan.target_stage.settings
    table = load_tokens(settings, "train", "en", model.encoder, plan.spec, workspace)
    return model, table, settings, plan.spec, workspace


def build_outcome(losses: list[float], diverged_reason: str | None = None, **changes) -> TrainOutcome:
    log = {"loss": tuple(losses), "grad_norm": (1.0,) * len(losses)}
    return TrainOutcome(log=log, diverged_reason=diverged_reason, wall_seconds=2.5, **changes)


def test_the_final_loss_is_the_mean_of_the_last_tenth(trained):
    model, *rest = trained
    summary = summarize_training(model, build_outcome([1.0] * 28 + [0.5, 0.25, 0.0], micro_batch_size=4), *rest)
    assert summary.final_train_loss == pytest.approx(0.25)
    assert (summary.num_steps, summary.train_seconds, summary.micro_batch_size) == (31, 2.5, 4)
    assert summarize_training(model, build_outcome([0.125]), *rest).final_train_loss == 0.125


def test_the_dev_score_is_the_accuracy_on_the_source_languages_dev_set(trained):
    model, _, settings, spec, workspace = trained
    summary = summarize_training(model, build_outcome([0.1] * 20), *trained[1:])
    dev = Predictor(model, settings, spec, workspace).predict("dev", "en").predictions
    assert summary.source_dev_score == pytest.approx(100.0 * np.mean(dev.gold == dev.predicted))
    assert summary.status == "degenerate", "the model is an untrained one"


def test_a_loss_at_chance_is_degenerate(trained):
    model, *rest = trained
    summary = summarize_training(model, build_outcome([math.log(2.0)] * 20), *rest)
    assert summary.status == "degenerate"
    assert "at chance" in summary.reason


def test_a_training_that_diverged_is_not_scored(trained):
    model, *rest = trained
    summary = summarize_training(model, build_outcome([0.5, math.inf], "loss inf at step 2"), *rest)
    assert (summary.status, summary.reason) == ("diverged", "loss inf at step 2")
    assert summary.source_dev_score is None
    assert summary.final_train_loss is None
