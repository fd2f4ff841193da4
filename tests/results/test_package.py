import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

import results
from results import ResultStore
from tests.results.factories import label_table, score_row, small_sweep, trial_row, write_store

TABLES = ("plan", "trials", "scores", "deltas", "predictions", "languages", "contrasts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = write_store(tmp_path / "store", small_sweep())
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], label_table())
    return store.folder


@pytest.mark.parametrize("name", TABLES)
def test_every_table_goes_to_pandas_and_polars(folder: Path, name: str) -> None:
    table = getattr(ResultStore.open(folder), name)()
    frame = table.to_pandas()
    assert list(frame.columns) == table.column_names
    polars = pl.from_arrow(table)
    assert isinstance(polars, pl.DataFrame)
    assert polars.shape == frame.shape == (table.num_rows, table.num_columns)
    assert polars.to_dicts() == table.to_pylist()


def test_duckdb_reads_the_tables_of_a_store(folder: Path) -> None:
    deltas = ResultStore.open(folder).deltas()
    expected = {row["cell"]: row["delta"] for row in deltas.to_pylist() if row["language"] == "de"}
    found = duckdb.sql("SELECT cell, delta FROM deltas WHERE language = 'de'").fetchall()
    assert dict(found) == expected


def test_a_store_answers_sql(folder: Path) -> None:
    table = ResultStore.open(str(folder)).query("SELECT count(*) AS n FROM trials WHERE status = 'ok'")
    assert table.to_pylist() == [{"n": 5}]


def test_other_programs_read_the_files_themselves(folder: Path) -> None:
    store = ResultStore.open(folder)
    store.write_deltas()
    assert pl.read_parquet(folder / "deltas" / "deltas.parquet").to_dicts() == store.deltas().to_pylist()
    scores = duckdb.sql(f"SELECT trial_id, language, value FROM '{folder}/scores/*.parquet'").fetchall()
    assert sorted(scores, key=str) == sorted(
        ((row["trial_id"], row["language"], row["value"]) for row in store.scores().to_pylist()), key=str
    )


def test_opening_a_store_imports_no_torch_and_no_numerical_library(folder: Path) -> None:
    heavy = {"torch", "transformers", "datasets", "ray", "scipy", "statsmodels", "matplotlib"}
    code = (
        "import sys; from results import ResultStore; "
        f"print(ResultStore.open({str(folder)!r}).trials().num_rows, sorted({heavy!r}.intersection(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "7 []\n"


def test_the_package_has_nothing_else() -> None:
    assert results.__all__ == ["ResultStore"]
    with pytest.raises(AttributeError, match="has no attribute 'Store'"):
        _ = results.Store
