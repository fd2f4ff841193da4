"""Stores that are not as they should be, through the command line: what is wrong is said, the rest is still there."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import DamagedFileError, ResultsError
from results.schema import PENDING, VERSION_KEY
from results.store import ResultStore
from tests.results.factories import Run, make_older, small_sweep, write_store

Spoil = Callable[[Path], Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_store(tmp_path / "store", small_sweep()).folder


def _rows(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, [*arguments, "--format", "json"], catch_exceptions=False)
    assert result.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def _write_foreign(path: Path) -> None:
    pq.write_table(pa.table({"epoch": [1, 2], "loss": [0.5, 0.4]}), path)


def _write_version(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, VERSION_KEY: b"99"}), path)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_cut, "cannot be read as Parquet"),
        (lambda path: path.write_bytes(b""), "cannot be read as Parquet"),
        (lambda path: path.write_text("hello"), "cannot be read as Parquet"),
        (_write_foreign, "cannot be read as Parquet (it is not a file of this store: it says no schema version)"),
        (_write_version, "written with schema version 99, this version of xlt-sweeps reads 1, 2"),
    ],
)
@pytest.mark.parametrize("table", ["scores", "trials"])
def test_a_file_that_cannot_be_read_is_named_and_all_others_are_read(
    folder: Path, table: str, spoil: Spoil, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = _rows("scores", str(folder))
    spoil(folder / table / "strong-1.parquet")
    with caplog.at_level(logging.WARNING):
        rows = _rows("scores", str(folder))
    assert rows == [row for row in whole if row["trial_id"] != "strong-1"]
    assert f"left out: {folder}/{table}/strong-1.parquet: {why}" in caplog.text
    assert {row["k"] for row in _rows("deltas", str(folder)) if row["cell_id"] == "strong"} == {0, 1}
    sql = "SELECT DISTINCT trial_id FROM scores ORDER BY ALL"
    assert [row["trial_id"] for row in _rows("query", str(folder), sql)] == ["base-0", "base-1", "strong-0", "weak-1"]


@pytest.mark.parametrize("table", ["scores", "trials", "predictions"])
def test_a_file_of_another_program_beside_a_sweeps_own_changes_nothing(folder: Path, table: str) -> None:
    whole = [_rows(command, str(folder)) for command in ("scores", "deltas", "trials")]
    _write_foreign(folder / table / "training-log.parquet")
    (folder / table / "notes.txt").write_text("mine")
    assert [_rows(command, str(folder)) for command in ("scores", "deltas", "trials")] == whole
    assert _rows("query", str(folder), "SELECT count(*) AS n FROM predictions") == [{"n": 0}]


def test_a_trial_whose_scores_are_missing_is_not_finished(folder: Path) -> None:
    (folder / "scores" / "strong-1.parquet").unlink()
    status = {row["trial_id"]: row["status"] for row in _rows("trials", str(folder))}
    assert status["strong-1"] == PENDING
    assert status["strong-0"] == "ok"


def test_missing_predictions_and_languages_leave_the_rest(folder: Path) -> None:
    whole = _rows("deltas", str(folder))
    shutil.rmtree(folder / "predictions")
    assert _rows("deltas", str(folder)) == whole
    assert _rows("query", str(folder), "SELECT count(*) AS n FROM predictions, languages") == [{"n": 0}]


@pytest.mark.parametrize("version", [1, 3, 5])
def test_files_of_several_versions_make_one_table(folder: Path, version: int) -> None:
    whole = _rows("scores", str(folder))
    for table in ("scores", "trials", "predictions"):
        path = folder / table / "base-0.parquet"
        pq.write_table(make_older(pq.read_table(path), version, table), path)
    assert _rows("scores", str(folder)) == whole
    assert len(_rows("query", str(folder), "SELECT DISTINCT trial_id FROM scores")) == 5


def test_a_plan_that_cannot_be_read_says_how_to_plan_anew(folder: Path) -> None:
    _cut(next((folder / "plan").iterdir()))
    with pytest.raises(DamagedFileError, match=r"plan/0000-.*`xlt sweep run SPACE --out` with the same space"):
        _rows("deltas", str(folder))


@pytest.mark.parametrize("content", ["", "{}", "[1]", "not json"])
def test_a_folder_whose_description_is_broken_is_named(folder: Path, content: str) -> None:
    (folder / "sweep.json").write_text(content)
    with pytest.raises(DamagedFileError, match=r"sweep\.json is not the description of a sweep"):
        _rows("deltas", str(folder))


def test_a_folder_without_a_sweep_is_named(tmp_path: Path) -> None:
    for command in (["deltas"], ["query", "{}", "SELECT 1"], ["compare", "{}", "x"], ["contrasts"]):
        arguments = [part.format(tmp_path) for part in command]
        with pytest.raises(ResultsError, match="no sweep in"):
            _rows(*(arguments if len(arguments) > 1 else [*arguments, str(tmp_path)]))


def test_compact_files_of_someone_else_are_not_looked_at(tmp_path: Path) -> None:
    store = write_store(tmp_path / "store", small_sweep())
    (store.folder / "compact").mkdir()
    shutil.copy(store.folder / "scores" / "base-0.parquet", store.folder / "compact" / "scores.parquet")
    _write_foreign(store.folder / "compact" / "trials.parquet")
    sql = "SELECT count(*) AS n FROM scores"
    assert _rows("query", store.uri, sql) == [{"n": store.scores().num_rows}]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_baseline_that_was_never_run_is_said_instead_of_an_empty_table(
    tmp_path: Path, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    runs = [Run("base", 0, {}, PENDING), Run("a", 0, {"de": 80.0})]
    store = write_store(tmp_path / "store", runs)
    result = CliRunner().invoke(app, ["deltas", store.uri, "--format", form], catch_exceptions=False)
    said = " ".join((result.stdout if form == "table" else caplog.text).split())
    assert "their baseline 'cell base' was never run to its end (1 pending). To run it: xlt sweep resume" in said
    assert ResultStore.open(store.uri).deltas().num_rows == 0
