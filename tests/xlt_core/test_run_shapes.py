"""Whole trials of every shape of task on written folders: learned, scored, counted; and that resume is exact."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.factories import build_encoder
from tests.learnable import WRITERS
from xlt_core.errors import SpecError
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.progress import Progress
from xlt_core.result import (
    AnswerPredictions,
    LabelPredictions,
    MinedPredictions,
    Predictions,
    RankedPredictions,
    TrialResult,
)
from xlt_core.run import run_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.workspace import Workspace

NUM_STEPS = {"single": 200, "choice": 100, "span": 150, "dual": 300, "retrieval": 1, "mining": 1}
LANGUAGES = {
    "single": {"en", "ace"},
    "choice": {"et", "sw"},
    "span": {"en", "ro"},
    "dual": {"en", "de"},
    "retrieval": {"sw", "zh"},
    "mining": {"de"},
}
KINDS: dict[str, type[Predictions]] = {
    "single": LabelPredictions,
    "choice": LabelPredictions,
    "span": AnswerPredictions,
    "dual": RankedPredictions,
    "retrieval": RankedPredictions,
    "mining": MinedPredictions,
}
FROZEN = ("retrieval", "mining")
EMBEDDING = {"layer": 1, "pooling": "mean", "special_tokens": False}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    """An encoder folder and a data folder for each shape."""
    folder = tmp_path_factory.mktemp("inputs")
    build_encoder(dropout=0.1).save(folder / "encoder")
    for shape, (_, write) in WRITERS.items():
        write(folder / shape)
    return folder


def build_plan(inputs: Path, shape: str, num_steps: int | None = None, **evaluation: Any) -> TrialPlan:
    if shape in FROZEN:
        evaluation["embedding"] = EMBEDDING
    return plan_trial(
        parse_trial_spec(
            {
                "encoder": str(inputs / "encoder"),
                "target": {"task": WRITERS[shape][0], "data": str(inputs / shape)},
                "optim": {"num_steps": num_steps or NUM_STEPS[shape], "learning_rate": 5e-3, "batch_size": 16},
                "model": {
                    "pooling": "mean",
                    "max_length": 20,
                    "questions": {"max_question_length": 4, "doc_stride": 6, "max_answer_length": 5},
                },
                "evaluation": evaluation,
            }
        )
    )


def build_workspace(root: Path, **settings: Any) -> Workspace:
    return Workspace(root=root, device="cpu", **settings)


@pytest.fixture(scope="module")
def run(inputs, tmp_path_factory) -> Callable[[str], TrialResult]:
    """The result of a shape's trial, which is run once."""
    done: dict[str, TrialResult] = {}

    def run(shape: str) -> TrialResult:
        if shape not in done:
            done[shape] = run_trial(build_plan(inputs, shape), build_workspace(tmp_path_factory.mktemp(shape)))
        return done[shape]

    return run


@pytest.mark.parametrize("shape", WRITERS)
def test_every_language_with_data_has_scores_predictions_chance_and_fertility(run, shape):
    result = run(shape)
    scored = [score for score in result.scores if score.value is not None]
    assert {score.language for score in scored} == LANGUAGES[shape]
    assert {each.language for each in result.predictions} == LANGUAGES[shape]
    assert all(isinstance(each, KINDS[shape]) for each in result.predictions)
    for score in scored:
        assert 0.0 <= score.value <= 100.0
        assert score.num_examples > 0
        assert 0.0 < score.tokens_per_character < 1.0
        assert score.fertility is None if score.language == "zh" else score.fertility == 1.0
    assert all("no test data" in score.reason for score in result.scores if score.value is None)


@pytest.mark.parametrize("shape", ["single", "choice", "span", "dual"])
def test_what_can_be_learned_is_learned(run, shape):
    result = run(shape)
    assert result.status == "ok", result.reason
    assert result.num_steps == NUM_STEPS[shape]
    primary = result.scores[0].metric
    for score in (score for score in result.scores if score.value is not None and score.metric == primary):
        assert score.value > 80.0, score
        assert score.chance is None or score.value > score.chance + 20.0


@pytest.mark.parametrize("shape", FROZEN)
def test_an_encoder_that_is_not_trained_finds_translations_of_the_same_words(run, shape):
    result = run(shape)
    assert (result.status, result.num_steps, result.final_train_loss) == ("ok", 0, None)
    assert all(score.value > 60.0 for score in result.scores if score.value is not None)


@pytest.mark.parametrize(("shape", "chance"), [("single", 100 / 3), ("choice", 50.0), ("retrieval", 2.0)])
def test_chance_is_what_knowing_nothing_gives(run, shape, chance):
    levels = [score.chance for score in run(shape).scores if score.value is not None]
    assert levels == pytest.approx([chance] * 2)


def test_the_dev_score_of_the_source_language_is_told_where_there_is_one(run):
    assert run("single").source_dev_score > 80.0
    assert run("span").source_dev_score > 80.0
    assert run("dual").source_dev_score is None
    assert run("mining").source_dev_score is None


def test_all_languages_are_searched_among_the_candidates_of_all(run):
    """40 of each of two languages; the same two words may be a question in both."""
    for each in run("dual").predictions:
        assert each.num_candidates == 80
        assert each.ranked.shape == (40, 20)
        assert (each.num_targets == 2).all(), "parallel questions share their ids"


@pytest.mark.parametrize("shape", [shape for shape in WRITERS if shape != "mining"])
def test_the_first_examples_are_scored_where_fewer_are_asked_for(inputs, run, shape, tmp_path):
    whole = run(shape)
    few = run_trial(build_plan(inputs, shape, max_examples=7), build_workspace(tmp_path))
    for some, of_all in zip(few.predictions, whole.predictions, strict=True):
        assert some.example_ids == of_all.example_ids[:7]
        if shape in ("dual", "retrieval"):
            names = [np.array(each.candidate_ids)[each.ranked] for each in (some, of_all)]
            assert np.array_equal(names[0], names[1][:7])
        else:
            assert list(some.predicted) == list(of_all.predicted[:7])


def test_some_of_the_sentences_to_be_mined_are_refused(inputs):
    """Margins among some of them would be another task, and all of them not what was asked for."""
    with pytest.raises(SpecError, match="max_examples 7: task 'bucc2018' looks for pairs among all sentences"):
        build_plan(inputs, "mining", max_examples=7)


class InterruptedTrialError(Exception):
    """Stands for a kill: nothing is written after it."""


@pytest.mark.parametrize("shape", ["choice", "span", "dual"])
def test_an_interrupted_trial_ends_with_the_same_bits(inputs, tmp_path, shape):
    plan = build_plan(inputs, shape, num_steps=16)
    whole = build_workspace(tmp_path / "whole", checkpoint_every_steps=4)
    parts = build_workspace(tmp_path / "parts", checkpoint_every_steps=4)
    expected = run_trial(plan, whole)

    def interrupt(progress: Progress) -> None:
        if progress.num_steps_taken == 10:
            raise InterruptedTrialError

    with pytest.raises(InterruptedTrialError):
        run_trial(plan, parts, interrupt)
    seen: list[Progress] = []
    resumed = run_trial(plan, parts, seen.append)
    assert seen[0].num_steps_taken == 9, "it goes on from step 8"
    assert resumed.scores == expected.scores
    ends = [
        load_file(place.checkpoints / plan.trial_id / "step_00000016/state.safetensors") for place in (whole, parts)
    ]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


@pytest.mark.parametrize("shape", ["choice", "span"])
def test_micro_batches_change_nothing_but_the_order_of_sums(inputs, tmp_path, shape):
    """Without dropout, whose masks are drawn anew for each of them."""
    plan = build_plan(inputs, shape, num_steps=8)
    spec = plan.spec.model_copy(
        update={"model": plan.spec.model.model_copy(update={"dropout": 0.0, "head_dropout": 0.0})}
    )
    plan = plan_trial(spec)
    at_once = run_trial(plan, build_workspace(tmp_path / "whole"))
    in_parts = run_trial(plan, build_workspace(tmp_path / "parts", micro_batch_size=5))
    assert in_parts.final_train_loss == pytest.approx(at_once.final_train_loss, abs=1e-4)


def test_a_dual_encoder_is_not_trained_in_micro_batches(inputs, tmp_path):
    with pytest.raises(
        SpecError, match=r"micro-batches of 5 of a batch of 16: .* smaller batches are another training"
    ):
        run_trial(build_plan(inputs, "dual"), build_workspace(tmp_path, micro_batch_size=5))
