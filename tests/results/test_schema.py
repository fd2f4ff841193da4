import pyarrow as pa
import pytest

from results import schema
from results.errors import RowError
from results.schema import SCORES, make_table
from tests.results.factories import score_row


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


@pytest.mark.parametrize(
    "table", [schema.PLAN, schema.TRIALS, schema.SCORES, schema.PREDICTIONS, schema.LANGUAGES, schema.DELTAS]
)
def test_every_table_carries_the_version_and_has_no_column_twice(table: pa.Schema) -> None:
    assert table.metadata[schema.VERSION_KEY] == b"6"
    assert len(set(table.names)) == len(table.names)
