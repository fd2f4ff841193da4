import pyarrow as pa
import pytest

from results import schema
from results.errors import RowError
from results.schema import SCORES, make_table
from tests.results.factories import NEW_IN_VERSION_2, score_row, trial_row


def test_a_row_may_leave_out_what_may_be_null() -> None:
    row = score_row("t", "de", 71.5)
    del row["reason"]
    assert make_table([row], SCORES)["reason"].to_pylist() == [None]


def test_no_rows_make_an_empty_table_with_all_columns() -> None:
    table = make_table([], SCORES)
    assert table.num_rows == 0
    assert table.schema.equals(SCORES, check_metadata=True)


def test_an_unknown_column_is_named_with_those_that_exist() -> None:
    with pytest.raises(RowError, match=r"unknown column 'lang'; the columns are trial_id, language"):
        make_table([score_row("t", "de", 1.0) | {"lang": "de"}], SCORES)


def test_a_required_value_that_is_missing_is_named() -> None:
    with pytest.raises(RowError, match="column 'language' needs a value"):
        make_table([score_row("t", "de", 1.0) | {"language": None}], SCORES)


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(RowError, match="does not fit its column"):
        make_table([score_row("t", "de", 1.0) | {"value": "high"}], SCORES)


@pytest.mark.parametrize("table", [schema.PLAN, schema.TRIALS, schema.SCORES, schema.PREDICTIONS, schema.DELTAS])
def test_every_table_carries_the_version_and_has_no_column_twice(table: pa.Schema) -> None:
    assert table.metadata[schema.VERSION_KEY] == b"2"
    assert len(set(table.names)) == len(table.names)


def _as_version_1(table: pa.Table, *left_out: str) -> pa.Table:
    return table.drop_columns(list(left_out)).replace_schema_metadata({schema.VERSION_KEY: b"1"})


def test_what_version_1_did_not_know_is_null_and_its_condition_is_clean() -> None:
    trials = make_table([trial_row("t", size_mean=0.5, loss_gap=0.1)], schema.TRIALS)
    upgraded = schema.upgrade_table(_as_version_1(trials, *NEW_IN_VERSION_2["trials"]), schema.TRIALS)
    assert upgraded.schema.equals(schema.TRIALS, check_metadata=True)
    assert upgraded.to_pylist() == make_table([trial_row("t")], schema.TRIALS).to_pylist()
    row = {"trial_id": "t", "language": "de", "example_id": "a", "position": 0, "gold": "no", "correct": False}
    predictions = make_table([row | {"condition": "typos:0.1"}], schema.PREDICTIONS)
    upgraded = schema.upgrade_table(_as_version_1(predictions, *NEW_IN_VERSION_2["predictions"]), schema.PREDICTIONS)
    assert upgraded["condition"].to_pylist() == ["clean"]


def test_columns_that_every_version_has_are_never_made_up() -> None:
    damaged = _as_version_1(make_table([score_row("t", "de", 1.0)], SCORES), "value")
    assert schema.upgrade_table(damaged, SCORES) is damaged
    mistyped = damaged.append_column("value", pa.array(["high"]))
    assert schema.upgrade_table(mistyped, SCORES) is mistyped
    table = make_table([trial_row("t")], schema.TRIALS).drop_columns(["size_mean"])
    assert schema.upgrade_table(table, schema.TRIALS) is table
