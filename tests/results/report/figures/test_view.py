import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.errors import QueryError
from results.report.figures.view import (
    Choice,
    corpus_note,
    elide,
    focus,
    inline,
    language_order,
    main_contrasts,
    narrow,
    primary_metrics,
    short_labels,
)
from results.schema import MACRO
from tests.results.report.evidence_factory import Shape, shared_evidence


@pytest.fixture(scope="module")
def evidence():
    return shared_evidence(Shape(num_languages=8, tasks=("xnli", "pawsx")))


@pytest.mark.parametrize(
    ("encoder", "is_named"),
    [
        ("FacebookAI/xlm-roberta-base", False),
        ("models/XLM-R", False),
        ("google-bert/bert-base-multilingual-cased", True),
        ("xlm-roberta/mini-real", True),
        ("FacebookAI/xlm-mlm-100-1280", True),
    ],
)
def test_sizes_in_a_corpus_that_an_encoder_may_never_have_read_are_said_to_be_so(evidence, encoder, is_named):
    note = corpus_note(replace(evidence, trials=evidence.trials.assign(encoder=encoder)))
    assert (encoder in note and "CC-100" in note) == is_named
    assert bool(note) == is_named


def test_sizes_in_the_text_of_the_world_are_what_its_encoder_has_read(evidence):
    world = evidence.languages.assign(corpus_unit="text of the embedded world, relative")
    assert corpus_note(replace(evidence, languages=world)) == ""


def test_narrowing_keeps_what_was_asked_for_in_every_table(evidence):
    codes = list(evidence.languages["language"][:3])
    kept = narrow(evidence, Choice(task="pawsx", languages=codes))
    for name in ("contrasts", "curves", "best_magnitudes", "surfaces", "pairs"):
        frame = getattr(kept, name)
        assert set(frame["target_task"].dropna()) <= {"pawsx"}
        languages = frame["language"][~frame["language"].str.contains(":")]
        assert set(languages) <= {*codes, MACRO}
    assert len(kept.curves)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(metric="f1"), "no metric 'f1' in the results; there are: accuracy"),
        (Choice(condition="noise"), "no condition 'noise' in the results; there are: clean, generalized"),
        (Choice(contrast="nothing like it"), "no contrast or cell with 'nothing like it' in its name"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(evidence, choice, message):
    with pytest.raises(QueryError, match=message):
        narrow(evidence, choice)


def test_one_measure_a_task_is_looked_at(evidence):
    other = evidence.contrasts.assign(metric="f1", family="all cells (f1)", role="exploratory")
    noisy = evidence.contrasts.assign(condition="noise:gaussian:0.3")
    both = replace(evidence, contrasts=pd.concat([evidence.contrasts, other, noisy]))
    assert primary_metrics(both) == {"xnli": "accuracy", "pawsx": "accuracy"}
    assert main_contrasts(both).equals(main_contrasts(evidence))


def test_the_only_condition_there_is_is_looked_at(evidence):
    assert set(focus(evidence.pairs, {})["condition"]) == {"generalized"}


def test_languages_go_from_the_source_and_the_largest_corpus_to_none(evidence):
    order = language_order(evidence, [*evidence.languages["language"], MACRO, "zz"])
    sizes = dict(zip(evidence.languages["language"], evidence.languages["corpus_size"], strict=True))
    assert order[0] == "en"
    known = [sizes[code] for code in order[1:] if not math.isnan(sizes.get(code, math.nan))]
    assert known == sorted(known, reverse=True)
    assert order[-1] == "zz"
    assert MACRO not in order


def test_labels_lose_what_they_all_have():
    labels = ["a 1 · b · c", "a 2 · b · c"]
    assert short_labels(labels) == {"a 1 · b · c": "a 1", "a 2 · b · c": "a 2"}
    assert short_labels(["alone · b"]) == {"alone · b": "alone · b"}
    assert short_labels(["b · c", "b · c · d"])["b · c"] == "b · c"


@given(st.lists(st.text("ab ·", max_size=30), unique=True), st.integers(12, 20))
def test_labels_that_are_cut_are_still_told_apart(labels, limit):
    short = elide(labels, limit)
    assert len(set(short.values())) == len(labels)
    assert all(len(text) <= limit + len(" (30)") for text in short.values())
    assert all(short[label] == label for label in labels if len(label) <= limit)


def test_the_end_of_a_long_label_is_kept():
    assert elide(["a setting that all have · magnitude 0.3"], 26) == {
        "a setting that all have · magnitude 0.3": "a setting tha … nitude 0.3"
    }


def test_rows_of_charts_have_null_for_what_is_missing(evidence):
    rows = inline(evidence.contrasts[["language", "delta", "corpus_size"]])["values"]
    assert len(rows) == len(evidence.contrasts)
    assert {type(row["corpus_size"]) for row in rows} == {float, type(None)}
