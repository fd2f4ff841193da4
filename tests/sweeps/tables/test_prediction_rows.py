"""Every kind of predictions as rows, one a unit, question, query or pair."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.predictions import join_prediction_tables, prediction_table
from sweeps.tables.prediction_rows import lay_out_predictions
from xlt_core.metrics import compute_metric
from xlt_core.result import (
    AnswerPredictions,
    LabelPredictions,
    MinedPredictions,
    Predictions,
    RankedPredictions,
)

TAGS = ("ADJ", "NOUN", "VERB")
TAGGED = LabelPredictions(
    language="de",
    labels=TAGS,
    example_ids=("s0", "s1", "s2"),
    num_units=np.array([2, 0, 3], np.int32),
    gold=np.array([0, 1, 2, 2, 1], np.int16),
    predicted=np.array([0, 2, 2, -1, 1], np.int16),
)
ANSWERED = AnswerPredictions(
    language="ko",
    example_ids=("q1", "q2", "q3"),
    gold=(("서울", "서울시"), ("1988년",), ("a\x00",)),
    predicted=("서울시", "", "a"),
    outcomes=np.array([1.0, 0.0, 0.5], np.float32),
)
RANKED = RankedPredictions(
    language="sw",
    example_ids=("q1", "q2"),
    candidate_ids=("c1", "c2", "c3"),
    num_candidates=900,
    ranked=np.array([[2, 0], [0, 1]]),
    is_relevant=np.array([[True, False], [False, True]]),
    num_targets=np.array([1, 2], np.int32),
    gold=("c3", "c2"),
    outcomes=np.array([1.0, 0.25], np.float32),
)
MINED = MinedPredictions(
    language="fr",
    example_ids=("fr-1", "fr-2", "fr-9"),
    gold=frozenset({("fr-1", "en-5"), ("fr-9", "en-7")}),
    predicted=frozenset({("fr-1", "en-5"), ("fr-1", "en-2"), ("fr-2", "en-7")}),
)


def rows_of(predictions: Predictions) -> list[dict[str, Any]]:
    return prediction_table(lay_out_predictions("t", predictions)).to_pylist()


def told(predictions: Predictions, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in rows_of(predictions)]


ALL = ("example_id", "position", "gold", "predicted", "correct", "outcome")


def test_words_stand_in_their_sentences_and_those_cut_off_have_no_prediction() -> None:
    assert told(TAGGED, *ALL) == [
        ("s0", 0, "ADJ", "ADJ", True, None),
        ("s0", 1, "NOUN", "VERB", False, None),
        ("s2", 0, "VERB", "VERB", True, None),
        ("s2", 1, "VERB", None, False, None),
        ("s2", 2, "NOUN", "NOUN", True, None),
    ]


@pytest.mark.parametrize("predictions", [TAGGED, ANSWERED, RANKED, MINED], ids=lambda each: type(each).__name__)
def test_outcomes_and_weights_are_those_of_the_rows_in_their_order(predictions: Predictions) -> None:
    num_rows = len(rows_of(predictions))
    outcomes, weights = np.arange(num_rows, dtype=np.float32), np.arange(1, num_rows + 1, dtype=np.float32)
    scored = replace(predictions, outcomes=outcomes, weights=weights)
    assert told(scored, "outcome", "weight") == [(float(place), place + 1.0) for place in range(num_rows)]
    assert set(told(replace(scored, weights=None), "weight")) == {(None,)}


@pytest.mark.parametrize("metric", ["mining_f1", "mining_precision", "mining_recall"])
def test_pairs_that_are_both_gold_and_mined_have_the_outcomes(metric: str) -> None:
    measured = compute_metric(metric, MINED)
    rows = rows_of(replace(MINED, outcomes=measured.outcomes, weights=measured.weights))
    assert [row["outcome"] > 0 for row in rows] == [row["correct"] for row in rows]
    assert 100 * sum(row["outcome"] for row in rows) / sum(row["weight"] for row in rows) == measured.value


def test_answers_are_right_where_they_are_one_of_the_answers_and_have_their_outcomes() -> None:
    assert told(ANSWERED, *ALL) == [
        ("q1", 0, "서울", "서울시", True, 1.0),
        ("q2", 0, "1988년", "", False, 0.0),
        ("q3", 0, "a\x00", "a", False, 0.5),
    ]


def test_queries_show_the_first_of_their_ranked_candidates() -> None:
    assert told(RANKED, *ALL) == [("q1", 0, "c3", "c3", True, 1.0), ("q2", 0, "c2", "c1", False, 0.25)]


def test_pairs_are_gold_or_mined_or_both_and_numbered_within_their_first_sentence() -> None:
    assert told(MINED, *ALL) == [
        ("fr-1", 0, None, "en-2", False, None),
        ("fr-1", 1, "en-5", "en-5", True, None),
        ("fr-2", 0, None, "en-7", False, None),
        ("fr-9", 0, "en-7", None, False, None),
    ]


def test_nothing_mined_and_nothing_to_be_mined_is_an_empty_table() -> None:
    assert rows_of(replace(MINED, example_ids=(), gold=frozenset(), predicted=frozenset())) == []


@pytest.mark.parametrize("predictions", [TAGGED, ANSWERED, RANKED, MINED], ids=lambda each: type(each).__name__)
def test_every_kind_says_of_what_it_is_and_goes_into_one_table_with_the_others(predictions: Predictions) -> None:
    under = replace(predictions, condition="typos:0.1", condition_language="en")
    expected = ("t", predictions.language, "typos:0.1", "en")
    assert set(told(under, "trial_id", "language", "condition", "condition_language")) == {expected}
    both = [prediction_table(lay_out_predictions("t", one)) for one in (under, TAGGED)]
    assert join_prediction_tables(both).num_rows == len(rows_of(predictions)) + 5


pairs = st.frozensets(st.tuples(st.sampled_from("abcd"), st.sampled_from("vwxyz")), max_size=8)


@given(gold=pairs, predicted=pairs)
def test_the_pairs_can_be_had_back_from_their_rows(
    gold: frozenset[tuple[str, str]], predicted: frozenset[tuple[str, str]]
) -> None:
    ids = tuple(sorted({first for first, _ in gold | predicted}))
    rows = rows_of(MinedPredictions(language="de", example_ids=ids, gold=gold, predicted=predicted))
    assert {(row["example_id"], row["gold"]) for row in rows if row["gold"]} == gold
    assert {(row["example_id"], row["predicted"]) for row in rows if row["predicted"]} == predicted
    assert {(row["example_id"], row["gold"]) for row in rows if row["correct"]} == gold & predicted
    places = [(row["example_id"], row["position"]) for row in rows]
    assert len(set(places)) == len(places) == len(gold | predicted)


texts = st.text(max_size=3)


@given(rows=st.lists(st.tuples(st.lists(texts, min_size=1, max_size=3), texts), max_size=5))
def test_answers_can_be_had_back_from_their_rows(rows: list[tuple[list[str], str]]) -> None:
    predictions = AnswerPredictions(
        language="th",
        example_ids=tuple(f"q{place}" for place in range(len(rows))),
        gold=tuple(tuple(answers) for answers, _ in rows),
        predicted=tuple(text for _, text in rows),
    )
    assert told(predictions, "gold", "predicted", "correct") == [
        (answers[0], text, text in answers) for answers, text in rows
    ]
