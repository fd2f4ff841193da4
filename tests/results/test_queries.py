import os
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import DamagedFileError, QueryError
from results.queries import filter_table, run_query
from results.schema import SCORES, TRIALS, make_table
from results.several import NamedStore, open_stores
from results.snapshot import Snapshot
from results.store import ResultStore
from results.table_files import encode_table
from tests.results.factories import label_table, plan_row, score_row, small_sweep, trial_row, write_store
from tests.results.simulated import language_row


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = write_store(tmp_path / "store", small_sweep())
    store.write_languages([language_row(code) for code in ("en", "de", "sw", "tr")])
    return store


def _query(store: ResultStore, sql: str) -> pa.Table:
    return run_query([NamedStore("made-up", store)], sql)


@pytest.mark.parametrize("name", ["plan", "trials", "scores", "results", "deltas", "languages"])
def test_every_table_of_a_store_can_be_queried(store: ResultStore, name: str) -> None:
    table: pa.Table = getattr(store.snapshot(), name)
    found = _query(store, f"SELECT * FROM {name}")
    assert found.column_names == table.column_names
    assert sorted(found.to_pylist(), key=str) == sorted(table.to_pylist(), key=str)
    assert table.num_rows


def test_predictions_published_scores_and_contrasts_can_be_queried(store: ResultStore) -> None:
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], label_table())
    assert _query(store, "SELECT count(*) AS n, sum(correct::int) AS right FROM predictions").to_pylist() == [
        {"n": 2, "right": 1}
    ]
    sql = "SELECT value FROM published WHERE task = 'xnli' AND language = 'sw' AND encoder LIKE '%xlm-roberta-large'"
    assert all(60 < row["value"] < 80 for row in _query(store, sql).to_pylist())
    assert _query(store, sql).num_rows
    found = _query(store, "SELECT DISTINCT contrast FROM contrasts ORDER BY ALL")["contrast"].to_pylist()
    assert found == ["cell strong", "cell weak"]


def test_only_what_the_statement_names_is_read(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Snapshot.__getattribute__

    def noting(self: Snapshot, name: str) -> object:
        read.append(name)
        return original(self, name)

    monkeypatch.setattr(Snapshot, "__getattribute__", noting)
    _query(store, "WITH mine AS (SELECT * FROM plan) SELECT count(*) FROM mine")
    assert not {"scores", "score_scan", "trials", "results", "deltas", "predictions", "languages"} & set(read)
    read.clear()
    _query(store, "SELECT count(*) FROM scores")
    assert not {"plan", "trials", "results", "deltas", "predictions", "languages"} & set(read)


def test_tables_can_be_joined(store: ResultStore) -> None:
    sql = """
        SELECT t.status, round(avg(s.value), 1) AS mean FROM scores s JOIN trials t USING (trial_id)
        WHERE s.language = 'de' GROUP BY t.status
    """
    assert _query(store, sql).to_pylist() == [{"status": "ok", "mean": 79.2}]


def test_columns_of_the_same_name_stay_apart(store: ResultStore) -> None:
    table = _query(store, "SELECT 1 AS x, 2 AS x_2, 3 AS x, 4 AS x")
    assert table.to_pylist() == [{"x": 1, "x_2": 2, "x_3": 3, "x_4": 4}]


def test_unknown_columns_are_answered_with_those_of_the_table(store: ResultStore) -> None:
    with pytest.raises(QueryError, match=r'"acc" not found(.|\n)*deltas: cell_id, baseline_cell_id'):
        _query(store, "SELECT acc FROM deltas")


def test_unknown_tables_are_answered_with_the_tables(store: ResultStore) -> None:
    with pytest.raises(
        QueryError,
        match=r"The tables are plan, trials, scores, results, predictions, deltas, contrasts, languages, published\.$",
    ):
        _query(store, "SELECT * FROM runs")


@pytest.mark.parametrize("sql", ["", "-- nothing", "SELEC 1"])
def test_what_is_no_query_is_refused(store: ResultStore, sql: str) -> None:
    with pytest.raises(QueryError, match="The tables are"):
        _query(store, sql)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> ResultStore:
    """A store whose scores lie in one file, but for a trial that was run again and one that came later."""
    folder = tmp_path_factory.mktemp("queries") / "it's a store"
    rows = [plan_row("base", seed) for seed in range(210)]
    store = ResultStore.create(folder, {"name": "large", "sweep_id": "s1"})
    store.write_plan(rows)
    for table, schema in (("trials", TRIALS), ("scores", SCORES)):
        (folder / table).mkdir()
        for seed in range(210):
            row = trial_row(f"base-{seed}") if table == "trials" else score_row(f"base-{seed}", "de", 70.0 + seed)
            path = folder / table / f"base-{seed}.parquet"
            path.write_bytes(encode_table(make_table([row], schema)))
            os.utime(path, ns=(0, 10**18 if seed else 10**18 + 10**10))
    store.snapshot().compact()
    store.write_plan([*rows, plan_row("base", 210)])
    store.publish_trial(trial_row("base-7"), [score_row("base-7", "de", 7.0)])
    store.publish_trial(trial_row("base-210"), [score_row("base-210", "de", 210.0)])
    return store


@pytest.fixture
def compacted(large: ResultStore, tmp_path: Path) -> ResultStore:
    """A copy of it that may be changed."""
    return ResultStore.open(shutil.copytree(large.folder, tmp_path / large.folder.name))


READING = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_parquet('{parquet}')",
    "SELECT * FROM parquet_metadata('{parquet}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM '{parquet}'",
    "FROM '{parquet}'",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM query('SELECT * FROM ' || chr(39) || '{parquet}' || chr(39))",
    "SELECT * FROM 'http://127.0.0.1/a.parquet'",
    "SELECT * FROM read_csv('https://127.0.0.1/a.csv')",
    "SELECT * FROM 's3://bucket/a.parquet'",
    "SELECT * FROM snapshot",
    "SELECT getenv('HOME')",
    "SELECT * FROM sqlite_scan('{file}', 'a')",
]
CHANGING = [
    "COPY trials TO '{file}'",
    "COPY (PIVOT scores ON language USING avg(value) GROUP BY metric) TO '{file}'",
    "COPY (SELECT 1) TO '{compact}' (USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{compact}' (USE_TMP_FILE false)",
    "EXPORT DATABASE '{folder}/export'",
    "ATTACH '{file}.db'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET GLOBAL allowed_paths = ['{file}']",
    "RESET lock_configuration",
    "PRAGMA enable_external_access",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TABLE mine AS PIVOT scores ON language USING avg(value)",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO scores SELECT * FROM scores",
    "WITH a AS (SELECT 1) DELETE FROM scores",
    "UPDATE scores SET value = 100",
    "DROP VIEW scores",
    "SELECT 1; COPY trials TO '{file}'",
    "CHECKPOINT",
    "USE temp",
]


@pytest.mark.parametrize("sql", [*READING, *CHANGING])
def test_sql_reaches_no_file_no_network_no_setting_and_changes_nothing(
    large: ResultStore, tmp_path: Path, sql: str
) -> None:
    file, parquet = tmp_path / "secret.csv", tmp_path / "secret.parquet"
    file.write_text("a\n1\n")
    pq.write_table(pa.table({"a": [1]}), parquet)
    compact = large.folder / "compact" / "scores.parquet"
    content, before = compact.read_bytes(), sorted(tmp_path.rglob("*"))
    statement = sql.format(file=file, parquet=parquet, folder=tmp_path, compact=str(compact).replace("'", "''"))
    message = "reads the tables of the store, no files" if sql in CHANGING else r"The tables are plan, trials"
    with pytest.raises(QueryError, match=message):
        _query(large, statement)
    assert file.read_text() == "a\n1\n"
    assert compact.read_bytes() == content
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_line_says_what_a_query_may_be(store: ResultStore) -> None:
    with pytest.raises(
        QueryError, match=re.compile("begins with DROP; a query is one SELECT .* Try: SELECT", re.DOTALL)
    ):
        CliRunner().invoke(app, ["query", store.uri, "DROP VIEW scores"], catch_exceptions=False)


@pytest.mark.parametrize(
    "sql",
    [
        "PIVOT (SELECT * FROM deltas WHERE delta IS NOT NULL) ON language USING first(delta) GROUP BY cell",
        "FROM scores",
        "TABLE scores",
        "VALUES (1)",
        "DESCRIBE deltas",
        "SHOW TABLES",
        "SUMMARIZE scores",
        "/* of all */ -- cells\n (SELECT cell FROM deltas)",
        "WITH a AS (SELECT * FROM deltas) SELECT * FROM a;",
        "SELECT json_extract_string(axes, '$.x') FROM plan",
    ],
)
def test_whatever_only_reads_is_run(store: ResultStore, sql: str) -> None:
    assert _query(store, sql).num_rows


def test_scores_in_a_compact_file_and_beside_it_are_those_of_the_snapshot(compacted: ResultStore) -> None:
    scan = compacted.snapshot().score_scan
    assert scan.compact == "compact/scores.parquet"
    assert scan.outdated == ["scores/base-7.parquet"]
    assert sorted(scan.fresh["value"].to_pylist()) == [7.0, 70.0, 210.0]
    for name in ("scores", "results"):
        table = getattr(compacted.snapshot(), name)
        found = _query(compacted, f"SELECT * FROM {name}")
        assert found.column_names == table.column_names
        assert sorted(found.to_pylist(), key=str) == sorted(table.to_pylist(), key=str)


def test_scores_of_trials_that_are_no_longer_planned_do_not_count(compacted: ResultStore) -> None:
    compacted.write_plan([plan_row("base", 3, trial_id="base-3-wider", supersedes="base-3")])
    (compacted.folder / "trials" / "base-4.parquet").unlink()
    sql = "SELECT count(*) AS n FROM scores WHERE trial_id IN ('base-3', 'base-4', 'base-5')"
    assert _query(compacted, sql).to_pylist() == [{"n": 1}]
    assert _query(compacted, "SELECT count(*) AS n FROM scores").to_pylist() == [{"n": compacted.scores().num_rows}]


def test_a_compact_file_that_broke_is_done_without(compacted: ResultStore) -> None:
    path = compacted.folder / "compact" / "scores.parquet"
    content = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(5).data_page_offset
    content[start : start + 200] = bytes(200)
    expected = _query(compacted, "SELECT sum(value) AS total FROM scores").to_pylist()
    path.write_bytes(content)
    assert _query(compacted, "SELECT sum(value) AS total FROM scores").to_pylist() == expected


def test_of_several_sweeps_each_row_says_whose_it_is(tmp_path: Path) -> None:
    write_store(tmp_path / "a", small_sweep())
    write_store(tmp_path / "b", small_sweep()[:2])
    stores = open_stores([str(tmp_path / "a"), str(tmp_path / "b")])
    sql = "SELECT sweep, count(*) AS n FROM trials GROUP BY ALL ORDER BY ALL"
    assert run_query(stores, sql).to_pylist() == [{"sweep": "a", "n": 7}, {"sweep": "b", "n": 2}]
    assert "sweep" not in run_query(stores, "SELECT * FROM published LIMIT 1").column_names
    sql = "SELECT sweep, language, avg(value) AS mean FROM results WHERE language = 'de' GROUP BY ALL ORDER BY ALL"
    assert run_query(stores, sql)["sweep"].to_pylist() == ["a", "b"]


def test_a_condition_keeps_rows_in_their_order(store: ResultStore) -> None:
    kept = filter_table(store.trials(), "status = 'ok' AND seed = 1 -- the second block")
    assert kept["trial_id"].to_pylist() == ["base-1", "strong-1", "weak-1"]


def test_a_wrong_condition_is_answered_with_the_columns(store: ResultStore) -> None:
    with pytest.raises(QueryError, match=r"The columns are trial_id, cell_id"):
        filter_table(store.trials(), "magnitud > 0.1")


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
        _query(store, sql)
    assert _query(store, "SELECT count(*) AS n FROM scores").num_rows == 1
