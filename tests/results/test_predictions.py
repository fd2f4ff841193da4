from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from results.predictions import PredictionColumns, join_prediction_tables, prediction_table
from results.schema import PREDICTIONS
from results.storage import LocalStorage
from results.table_files import publish_table, read_table
from tests.results.factories import label_table

NAMES = ("ADJ", "NOUN", "VERB")
NUM_EXAMPLES = 4


@given(
    units=st.lists(
        st.tuples(
            st.integers(0, NUM_EXAMPLES - 1), st.integers(0, 9), st.integers(-1, 2), st.integers(-1, 2), st.booleans()
        ),
        max_size=12,
    ),
    second=st.sampled_from([None, "sw"]),
    has_outcomes=st.booleans(),
    has_weights=st.booleans(),
)
def test_every_unit_is_a_row_and_an_index_of_minus_one_is_null(
    units: list[tuple[int, int, int, int, bool]], second: str | None, has_outcomes: bool, has_weights: bool
) -> None:
    columns = np.array([unit[:4] for unit in units], np.int64).reshape(-1, 4)
    outcomes = np.linspace(0.0, 1.0, len(units), dtype=np.float32)
    weights = np.linspace(1.0, 3.0, len(units), dtype=np.float32)
    table = prediction_table(
        PredictionColumns(
            trial_id="t",
            language="de",
            example_ids=[f"s{place}" for place in range(NUM_EXAMPLES)],
            examples=columns[:, 0],
            positions=columns[:, 1],
            names=NAMES,
            gold=columns[:, 2],
            predicted=columns[:, 3],
            correct=np.array([unit[4] for unit in units], np.bool_),
            outcomes=outcomes if has_outcomes else None,
            weights=weights if has_weights else None,
            condition="generalized",
            condition_language=second,
        )
    )
    names = {-1: None, **dict(enumerate(NAMES))}
    expected = [
        ("t", "de", "generalized", second, f"s{example}", position, names[gold], names[predicted], is_right,
         outcome if has_outcomes else None, weight if has_weights else None)
        for (example, position, gold, predicted, is_right), outcome, weight in zip(
            units, outcomes.tolist(), weights.tolist(), strict=True
        )
    ]  # fmt: skip
    assert [tuple(row.values()) for row in table.to_pylist()] == expected
    assert table.schema.equals(PREDICTIONS)


def test_languages_with_other_examples_become_one_table_that_can_be_published(tmp_path: Path) -> None:
    joined = join_prediction_tables([label_table("t", language=language) for language in ("de", "sw")])
    storage = LocalStorage(tmp_path)
    publish_table(storage, "t.parquet", joined, PREDICTIONS)
    read = read_table(storage, "t.parquet")
    assert read["example_id"].to_pylist() == ["de-0", "de-1", "sw-0", "sw-1"]
    assert read["gold"].to_pylist() == ["no", "yes"] * 2
    assert read["correct"].to_pylist() == [False, True] * 2
    assert read["condition"].to_pylist() == ["clean"] * 4
    assert read["condition_language"].null_count == 4
    assert read["outcome"].null_count == 4


def test_languages_whose_answers_have_other_names_become_one_table() -> None:
    labels = {"de": ("nein", "ja"), "sw": ("ndiyo", "hapana")}
    joined = join_prediction_tables(
        [label_table("t", language=language, labels=names) for language, names in labels.items()]
    )
    assert joined["gold"].to_pylist() == ["nein", "ja", "ndiyo", "hapana"]
    assert joined["gold"].num_chunks == joined["predicted"].num_chunks == 2
    assert {tuple(chunk.dictionary.to_pylist()) for chunk in joined["gold"].chunks} == {
        ("nein", "ja", "ndiyo", "hapana")
    }


def test_no_languages_are_an_empty_table() -> None:
    assert join_prediction_tables([]).schema.equals(PREDICTIONS)
