"""Scores of a trial under conditions: rows, counts, missing languages, and that clean ones stay what they are."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.factories import build_encoder, write_pair_folder
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.run import run_trial
from xlt_core.scoring import Evaluation, explain_divergence, score_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.task_stage import build_model
from xlt_core.workspace import Workspace

EVERY_KIND = (
    "clean",
    "generalized",
    {"kind": "typos", "share": 0.5},
    {"kind": "word_drop", "share": 0.5},
    {"kind": "word_swap", "share": 0.5, "languages": ["de"]},
    {"kind": "noise", "perturbation": {"method": "gaussian", "magnitude": 0.5}},
    {"kind": "attack", "perturbation": {"method": "fgm", "magnitude": 0.5}},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    build_encoder().save(folder / "encoder")
    write_pair_folder(folder / "data")
    (folder / "neighbors.json").write_text(json.dumps({"w1": ["w2", "w3"]}), encoding="utf-8")
    return folder


def plan(folder: Path, *conditions: object, **evaluation: object) -> TrialPlan:
    return plan_trial(
        parse_trial_spec(
            {
                "encoder": str(folder / "encoder"),
                "target": {"task": "pawsx", "data": str(folder / "data")},
                "optim": {"num_steps": 5, "learning_rate": 1e-2},
                "evaluation": {"conditions": list(conditions), "languages": ["de", "en"], **evaluation},
            }
        )
    )


def score(made: TrialPlan, root: Path) -> Evaluation:
    workspace = Workspace(root=root, device="cpu")
    return score_trial(made, build_model(made.target_stage, made.spec, workspace), workspace)


def test_every_condition_has_a_row_for_each_of_its_languages(folder, tmp_path):
    synonyms = {"kind": "synonyms", "neighbors": str(folder / "neighbors.json")}
    scored = score(plan(folder, *EVERY_KIND, synonyms), tmp_path)
    rows = {(each.condition, each.language, each.condition_language) for each in scored.scores}
    both = ("de", "en")
    names = ("clean", "typos:0.5", "word_drop:0.5", "noise:gaussian:0.5", "oracle:fgm:0.5")
    assert rows == {
        *((name, language, None) for name in names for language in both),
        *(("generalized", one, other) for one in both for other in both),
        ("word_swap:0.5", "de", None),
        ("synonyms:1", "en", None),
    }
    assert len(scored.scores) == len(rows) == len(scored.predictions)
    assert all(each.num_examples == 60 for each in scored.scores if each.condition != "generalized")


def test_a_score_is_that_of_the_predictions_beside_it(folder, tmp_path):
    scored = score(plan(folder, *EVERY_KIND), tmp_path)
    for row, predicted in zip(scored.scores, scored.predictions, strict=True):
        assert (row.condition, row.language, row.condition_language) == (
            predicted.condition,
            predicted.language,
            predicted.condition_language,
        )
        assert row.value == pytest.approx(100 * np.mean(predicted.gold == predicted.predicted))


def test_clean_predictions_are_the_same_beside_other_conditions(folder, tmp_path):
    alone = score(plan(folder, "clean"), tmp_path / "alone").predictions
    beside = score(plan(folder, *EVERY_KIND), tmp_path / "beside").predictions[:2]
    for one, other in zip(alone, beside, strict=True):
        assert dataclasses.asdict(one).keys() == dataclasses.asdict(other).keys()
        assert one.condition == other.condition == "clean"
        assert np.array_equal(one.predicted, other.predicted)
        assert one.example_ids == other.example_ids


def test_a_language_with_itself_is_the_clean_test_set(folder, tmp_path):
    scored = score(plan(folder, "clean", "generalized"), tmp_path)
    clean = {each.language: each.predicted for each in scored.predictions if each.condition == "clean"}
    diagonal = [each for each in scored.predictions if each.language == each.condition_language]
    assert len(diagonal) == 2
    for each in diagonal:
        assert np.array_equal(each.predicted, clean[each.language])


def test_the_first_examples_are_scored_where_fewer_are_asked_for(folder, tmp_path):
    few, all_of_them = (score(plan(folder, *EVERY_KIND, max_examples=num), tmp_path) for num in (7, None))
    assert {each.num_examples for each in few.scores} == {7}
    for one, other in zip(few.predictions, all_of_them.predictions, strict=True):
        assert other.example_ids[:7] == one.example_ids
        assert np.array_equal(other.predicted[:7], one.predicted)


def test_languages_without_data_have_a_reason_under_every_condition(folder, tmp_path):
    scored = score(plan(folder, "clean", "generalized", languages="all"), tmp_path)
    missing = [each for each in scored.scores if each.value is None]
    assert len(missing) == 5 + (7 * 7 - 2 * 2)
    assert all("no test data in" in each.reason for each in missing)
    assert {each.condition for each in missing} == {"clean", "generalized"}


def test_after_a_divergence_every_condition_has_the_reason(folder, tmp_path):
    made = plan(folder, *EVERY_KIND)
    explained = explain_divergence(made, "it diverged")
    scored = score(made, tmp_path)
    assert explained.predictions == ()
    assert {each.reason for each in explained.scores} == {"it diverged"}
    key = ("condition", "language", "condition_language", "metric")
    assert [[getattr(row, name) for name in key] for row in explained.scores] == [
        [getattr(row, name) for name in key] for row in scored.scores
    ]


def test_a_trial_carries_its_conditions_into_its_result(folder, tmp_path):
    made = plan(folder, "clean", {"kind": "typos", "share": 0.3})
    result = run_trial(made, Workspace(root=tmp_path, device="cpu"))
    assert {each.condition for each in result.scores} == {"clean", "typos:0.3"}
    clean = run_trial(plan(folder, "clean"), Workspace(root=tmp_path, device="cpu"))
    assert [each for each in result.scores if each.condition == "clean"] == list(clean.scores)


def test_a_metric_without_a_value_has_its_reason_and_the_others_their_values(folder, tmp_path):
    data = tmp_path / "wpr"
    data.mkdir()
    for name, num_pages in (("en.train", 4), ("en.dev", 4), ("en.test", 4), ("de.test", 1)):
        rows = (
            f"w{query}\tw{page}\tw{query}\t{(query + page) % 5}\n" for query in range(20) for page in range(num_pages)
        )
        (data / f"xglue.wpr.{name}").write_text("".join(rows), encoding="utf-8")
    spec = {
        "encoder": str(folder / "encoder"),
        "target": {"task": "xglue_wpr", "data": str(data)},
        "optim": {"num_steps": 2},
        "evaluation": {"languages": ["de", "en"]},
    }
    result = run_trial(plan_trial(parse_trial_spec(spec)), Workspace(root=tmp_path, device="cpu"))
    rows = {(each.language, each.metric): each for each in result.scores}
    for metric in ("ndcg", "ndcg_labels"):
        assert rows["en", metric].value > 0
        assert rows["de", metric].value is None
        assert "every group has a single example" in rows["de", metric].reason
    assert rows["de", "accuracy"].value is not None
    outcomes = {each.language: each.outcomes for each in result.predictions}
    assert set(outcomes) == {"de", "en"}
    assert outcomes["de"] is None
