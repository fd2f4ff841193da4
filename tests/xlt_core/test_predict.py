"""Predictions of a model as it stands: what is read, how often, how it is cut, and what needs no labels."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.factories import build_encoder
from tests.learnable import WRITERS
from xlt_core.data.token_cache import TokenRequest
from xlt_core.data.tokens import Cut
from xlt_core.edits.typos import Typos
from xlt_core.errors import DataError
from xlt_core.plan import plan_trial
from xlt_core.predict import Predictor, load_tokens
from xlt_core.spec import StageSpec, TrialSpec, parse_trial_spec
from xlt_core.task_stage import build_model
from xlt_core.tasks import load_task
from xlt_core.workspace import Workspace

EMBEDDING = {"layer": "last", "pooling": "mean", "special_tokens": False}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    build_encoder().save(folder / "encoder")
    for shape, (_, write) in WRITERS.items():
        write(folder / shape)
    return folder


def build_spec(inputs: Path, shape: str, data: Path | None = None, **model: Any) -> TrialSpec:
    is_frozen = shape in ("retrieval", "mining")
    return parse_trial_spec(
        {
            "encoder": str(inputs / "encoder"),
            "target": {"task": WRITERS[shape][0], "data": str(data or inputs / shape)},
            "model": {"max_length": 20, "questions": {"max_question_length": 4, "doc_stride": 6}} | model,
            "evaluation": {"embedding": EMBEDDING} if is_frozen else {},
        }
    )


def build_predictor(inputs: Path, shape: str, root: Path, data: Path | None = None) -> Predictor:
    workspace = Workspace(root=root, device="cpu")
    planned = plan_trial(build_spec(inputs, shape))
    settings = planned.spec.target
    if data is not None:
        settings = settings.model_copy(update={"data": str(data)})
    return Predictor(build_model(planned.target_stage, planned.spec, workspace), settings, planned.spec, workspace)


class CountingTask:
    """A task, counting how often its candidates are read."""

    def __init__(self, name: str):
        self._task = load_task(name)
        self.num_loads = 0

    def __getattr__(self, name):
        return getattr(self._task, name)

    def load_candidates(self, *arguments):
        self.num_loads += 1
        return self._task.load_candidates(*arguments)


def test_candidates_of_all_languages_are_read_and_embedded_once(inputs, tmp_path, monkeypatch):
    """A million of them would take longer than all the queries."""
    task = CountingTask("lareqa")
    monkeypatch.setattr("xlt_core.predict.load_task", lambda _: task)
    predictor = build_predictor(inputs, "dual", tmp_path)
    english, german = (predictor.predict("test", language) for language in ("en", "de"))
    assert task.num_loads == 2, "as tokens, and as candidates"
    assert english.predictions.num_candidates == german.predictions.num_candidates == 80
    pool = predictor._pools["test"]
    predictor.predict("test", "en")
    assert predictor._pools["test"] is pool
    assert task.num_loads == 2


@pytest.mark.parametrize(
    ("shape", "language", "side"),
    [("retrieval", "sw", "candidates"), ("mining", "de", "queries")],
)
def test_the_counts_are_of_the_language_and_not_of_english(inputs, tmp_path, shape, language, side):
    """Tatoeba's queries are English, BUCC's candidates are."""
    examples = load_task(WRITERS[shape][0]).load_eval(str(inputs / shape), "test", language)
    texts = getattr(examples, side)
    counts = build_predictor(inputs, shape, tmp_path).predict("test", language).counts
    assert counts.num_words == sum(len(text.split()) for text in texts)
    assert counts.num_characters == sum(len(text.replace(" ", "")) for text in texts)


@pytest.mark.parametrize(
    ("shape", "part", "language", "is_counted"),
    [
        ("retrieval", "queries", "en", False),
        ("retrieval", "candidates", "sw", True),
        ("mining", "queries", "sw", True),
        ("mining", "candidates", "en", False),
        ("dual", "queries", "sw", True),
        ("dual", "candidates", "sw", False),
    ],
)
def test_the_english_side_of_a_bitext_is_english_and_what_is_searched_is_not_cut_twice_to_be_counted(
    shape, part, language, is_counted
):
    """XLM is told the language of every token; counting a million candidates takes as long as cutting them."""
    cut = Cut(max_length=20, max_question_length=4, doc_stride=6)
    task = load_task(WRITERS[shape][0])
    request = TokenRequest(task=task, data="", split="test", language="sw", cut=cut, part=part)
    assert (request.text_language, request.is_counted) == (language, is_counted)


@pytest.mark.parametrize(("shape", "language"), [("retrieval", "sw"), ("mining", "de")])
def test_tokens_of_both_sides_of_a_bitext_say_which_language_they_are_of(inputs, tmp_path, shape, language):
    spec, encoder, workspace = build_spec(inputs, shape), build_encoder(), Workspace(root=tmp_path, device="cpu")
    queries, candidates = (
        load_tokens(spec.target, "test", language, encoder, spec, workspace, part=part)
        for part in ("queries", "candidates")
    )
    languages = ("en", language) if shape == "retrieval" else (language, "en")
    assert (queries.language, candidates.language) == languages
    assert (queries.counts is None, candidates.counts is None) == (shape == "retrieval", shape == "mining")


def strip_labels(inputs: Path, shape: str, folder: Path) -> None:
    """A copy of a test set whose labels are gone."""
    for path in sorted((inputs / shape).rglob("*")):
        if path.is_file():
            target = folder / path.relative_to(inputs / shape)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    if shape == "single":
        path = folder / "english/test.csv"
        rows = [line.rsplit(",", 1)[0] for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    elif shape == "mining":
        (folder / "de-en.training.gold").unlink()
    else:
        path = folder / {"choice": "test.sw.jsonl", "span": "xquad.en.json"}[shape]
        text = path.read_text(encoding="utf-8")
        for number in range(3):
            text = text.replace(f', "label": {number}', "").replace(f'{{"text": "w{number + 1}", ', '{"text": "", ')
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("shape", "language"), [("single", "en"), ("choice", "sw"), ("span", "en"), ("mining", "de")])
def test_a_set_without_labels_is_predicted_as_one_with_them_and_not_scored(inputs, tmp_path, shape, language):
    strip_labels(inputs, shape, tmp_path / "stripped")
    labelled = build_predictor(inputs, shape, tmp_path).predict("test", language).predictions
    predictor = build_predictor(inputs, shape, tmp_path, tmp_path / "stripped")
    with pytest.raises(DataError, match=r"label|answer|gold"):
        predictor.predict("test", language)
    stripped = predictor.predict("test", language, needs_labels=False).predictions
    assert np.array_equal(np.array(stripped.predicted), np.array(labelled.predicted))


def test_texts_are_cut_to_what_recipe_and_encoder_allow(inputs, tmp_path):
    workspace, encoder = Workspace(root=tmp_path, device="cpu"), build_encoder()
    for max_length, expected in ((20, 20), (60, 60), (512, encoder.max_length)):
        spec = build_spec(inputs, "span", max_length=max_length)
        long = " ".join(["w7"] * 300)
        table = load_tokens(spec.target, "test", "en", encoder, spec, workspace, edit=Appending(long))
        assert table.lengths.max() <= expected
        pair = load_tokens(
            StageSpec(task="tatoeba", data=str(inputs / "retrieval")),
            "test",
            "sw",
            encoder,
            spec,
            workspace,
            part="queries",
            edit=Appending(long),
        )
        assert pair.lengths.max() == expected


class Appending:
    """Makes texts long."""

    def __init__(self, text: str):
        self._text = text

    def identity(self):
        return {"edit": "appending", "text": self._text}

    def apply(self, examples):
        for name in ("texts", "contexts"):
            if hasattr(examples, name):
                return replace(examples, **{name: tuple(f"{each} {self._text}" for each in getattr(examples, name))})
        raise AssertionError(type(examples))


def test_queries_of_a_dual_encoder_are_cut_as_in_training(inputs, tmp_path):
    """Else a query would be seen longer than any that was trained on."""
    spec, encoder = build_spec(inputs, "dual", questions={"max_question_length": 1}), build_encoder()
    workspace = Workspace(root=tmp_path, device="cpu")
    trained = load_tokens(spec.target, "train", "en", encoder, spec, workspace)
    queries = load_tokens(spec.target, "test", "en", encoder, spec, workspace, part="queries")
    candidates = load_tokens(spec.target, "test", "en", encoder, spec, workspace, part="candidates")
    assert set(np.diff(trained.offsets)[0::2].tolist()) == set(queries.lengths.tolist()) == {3}
    assert candidates.lengths.min() > 3


def test_edited_questions_have_answers_of_their_own(inputs, tmp_path):
    predictor = build_predictor(inputs, "span", tmp_path)
    clean = predictor.predict("test", "en").predictions
    edited = predictor.predict("test", "en", edit=Typos(share=1.0, seed=0)).predictions
    assert edited.example_ids == clean.example_ids
    assert edited.gold == clean.gold
    assert edited.predicted != clean.predicted
