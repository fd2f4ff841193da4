from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from results import files
from results.predictions import join_prediction_tables, prediction_table
from results.schema import PREDICTIONS

LABELS = ("ADJ", "NOUN", "VERB")


@st.composite
def sentences(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Sentences of (gold, predicted) words; some are empty, some words have no prediction (-1)."""
    word = st.tuples(st.integers(0, 2), st.integers(-1, 2))
    return draw(st.lists(st.lists(word, max_size=4), max_size=5))


def _indices(words: list[tuple[int, int]], place: int) -> npt.NDArray[np.int16]:
    return np.array([word[place] for word in words], dtype=np.int16)


@settings(max_examples=40, deadline=None)
@given(of=sentences())
def test_every_word_is_a_row_with_its_sentence_and_place(of: list[list[tuple[int, int]]]) -> None:
    words = [word for sentence in of for word in sentence]
    table = prediction_table(
        trial_id="t",
        language="de",
        labels=LABELS,
        example_ids=[f"s{place}" for place in range(len(of))],
        num_units=np.array([len(sentence) for sentence in of], dtype=np.int32),
        gold=_indices(words, 0),
        predicted=_indices(words, 1),
        condition="generalized",
        condition_language="sw",
    )
    told = ("t", "de", "generalized", "sw")
    expected = [
        (*told, f"s{number}", place, LABELS[gold], LABELS[predicted] if predicted >= 0 else None, gold == predicted)
        for number, sentence in enumerate(of)
        for place, (gold, predicted) in enumerate(sentence)
    ]
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    assert table.schema.equals(PREDICTIONS)


def test_languages_with_other_examples_become_one_table_that_can_be_published(tmp_path: Path) -> None:
    tables = [
        prediction_table(
            trial_id="t",
            language=language,
            labels=("no", "yes"),
            example_ids=(f"{language}-0", f"{language}-1"),
            num_units=np.ones(2, dtype=np.int32),
            gold=np.array([0, 1], dtype=np.int16),
            predicted=np.array([1, 1], dtype=np.int16),
        )
        for language in ("de", "sw")
    ]
    joined = join_prediction_tables(tables)
    files.publish_table(joined, tmp_path / "t.parquet", PREDICTIONS)
    read = files.read_table(tmp_path / "t.parquet")
    assert read["example_id"].to_pylist() == ["de-0", "de-1", "sw-0", "sw-1"]
    assert read["gold"].to_pylist() == ["no", "yes"] * 2
    assert read["correct"].to_pylist() == [False, True] * 2
    assert read["condition"].to_pylist() == ["clean"] * 4
    assert read["condition_language"].null_count == 4


def test_no_languages_are_an_empty_table() -> None:
    assert join_prediction_tables([]).schema.equals(PREDICTIONS)
