from pathlib import Path

import pyarrow.parquet as pq
import pytest

from results.errors import DamagedFileError, QueryError
from results.queries import TABLES, filter_table, run_query
from results.snapshot import Snapshot
from tests.results.factories import label_table, score_row, small_sweep, trial_row, write_store


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return write_store(tmp_path / "store", small_sweep()).snapshot()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_queried(snapshot: Snapshot, name: str) -> None:
    table = getattr(snapshot, name)
    num_rows = table.count_rows() if name == "predictions" else table.num_rows
    assert run_query(snapshot, f"SELECT count(*) AS n FROM {name}").to_pylist() == [{"n": num_rows}]


def test_tables_can_be_joined(snapshot: Snapshot) -> None:
    sql = """
        SELECT t.status, round(avg(s.value), 1) AS mean FROM scores s JOIN trials t USING (trial_id)
        WHERE s.language = 'de' GROUP BY t.status
    """
    assert run_query(snapshot, sql).to_pylist() == [{"status": "ok", "mean": 79.2}]


def test_columns_of_the_same_name_stay_apart(snapshot: Snapshot) -> None:
    table = run_query(snapshot, "SELECT 1 AS x, 2 AS x_2, 3 AS x, 4 AS x")
    assert table.to_pylist() == [{"x": 1, "x_2": 2, "x_3": 3, "x_4": 4}]


def test_unknown_columns_are_answered_with_those_of_the_table(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError, match=r'"acc" not found(.|\n)*deltas: cell_id, baseline_cell_id'):
        run_query(snapshot, "SELECT acc FROM deltas")


def test_unknown_tables_are_answered_with_the_tables(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError, match=r"The tables are plan, trials, scores, predictions, deltas, results\.$"):
        run_query(snapshot, "SELECT * FROM runs")


@pytest.mark.parametrize("sql", ["", "-- nothing", "SELEC 1"])
def test_what_is_no_query_is_refused(snapshot: Snapshot, sql: str) -> None:
    with pytest.raises(QueryError, match="The tables are"):
        run_query(snapshot, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('*')",
        "COPY trials TO '{file}'",
        "ATTACH '{file}.db'",
        "EXPORT DATABASE '{file}.d'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM snapshot",
    ],
)
def test_sql_reaches_no_file_no_network_no_setting_and_no_variable(
    snapshot: Snapshot, tmp_path: Path, sql: str
) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    with pytest.raises(QueryError):
        run_query(snapshot, sql.format(file=file))
    assert file.read_text() == "a\n1\n"
    assert {path.name for path in tmp_path.iterdir()} == {"store", "secret.csv"}


def test_a_condition_keeps_rows_in_their_order(snapshot: Snapshot) -> None:
    kept = filter_table(snapshot.trials, "status = 'ok' AND seed = 1 -- the second block")
    assert kept["trial_id"].to_pylist() == ["base-1", "strong-1", "weak-1"]


def test_a_wrong_condition_is_answered_with_the_columns(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError, match=r"The columns are trial_id, cell_id"):
        filter_table(snapshot.trials, "magnitud > 0.1")


def test_predictions_that_break_while_they_are_read_are_named(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    table = label_table(gold=[number % 2 for number in range(100)], predicted=[number % 3 % 2 for number in range(100)])
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], table)
    path = tmp_path / "predictions" / "base-0.parquet"
    content = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    content[start : start + 100] = bytes(100)
    path.write_bytes(content)
    sql = "SELECT trial_id, count(*) AS n FROM predictions GROUP BY ALL"
    with pytest.raises(
        DamagedFileError, match=r"predictions/base-0\.parquet: cannot be read .* `xlt sweep resume` sets it"
    ):
        run_query(store.snapshot(), sql)
    assert run_query(store.snapshot(), "SELECT count(*) AS n FROM scores").num_rows == 1
