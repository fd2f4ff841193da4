import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import QueryError
from results.pivot import pivot_table
from results.store import ResultStore
from tests.results.factories import generalized_sweep, small_sweep, write_store


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    return write_store(tmp_path / "store", small_sweep())


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_deltas_with_a_column_a_language_agree_with_pandas(store: ResultStore) -> None:
    frame = store.deltas().to_pandas()
    expected = frame.pivot(index="cell", columns="language", values="delta")
    found = pd.read_csv(io.StringIO(_run("deltas", store.uri, "--pivot", "language", "--format", "csv")))
    assert list(found.columns) == [
        "target_task", "cell_id", "cell", "metric", "selection", "condition", "macro", "de", "en", "sw", "tr",
    ]  # fmt: skip
    pd.testing.assert_frame_equal(found.set_index("cell")[sorted(expected)], expected, check_names=False)


def test_any_column_that_tells_rows_apart_can_be_turned(store: ResultStore) -> None:
    rows = json.loads(_run("scores", store.uri, "--pivot", "seed", "--language", "de", "--format", "json"))
    assert [(row["cell"], row["seed 0"], row["seed 1"]) for row in rows] == [
        ("cell base", 80.0, 81.0),
        ("cell strong", 76.0, 77.0),
        ("cell weak", None, 82.0),
    ]
    rows = json.loads(_run("deltas", store.uri, "--pivot", "cell", "--value", "ci_low", "--format", "json"))
    low = {row["language"]: row["ci_low"] for row in store.deltas().to_pylist() if row["cell_id"] == "strong"}
    assert {row["language"]: row["cell strong"] for row in rows} == pytest.approx(low)


def test_people_get_the_same_numbers_rounded(store: ResultStore) -> None:
    lines = [line.split() for line in _run("deltas", store.uri, "--pivot", "language").splitlines()]
    assert lines[0] == ["delta:", "xnli,", "accuracy,", "last,", "clean"]
    assert lines[1] == ["cell", "macro", "de", "en", "sw", "tr"]
    assert lines[3][-4:] == ["-5.88", "-4.00", "-1.75", "-7.75"]


def test_pairs_of_languages_stay_rows_of_their_own(tmp_path: Path) -> None:
    store = generalized_sweep(tmp_path)
    wide = pivot_table(store.deltas(), "language", "delta").to_pylist()
    by_second = {row["condition_language"]: row for row in wide if row["condition"] == "generalized"}
    assert by_second["sw"]["de"] == -2.0
    assert by_second["sw"]["sw"] == 1.0


def test_what_cannot_be_turned_is_said(store: ResultStore) -> None:
    with pytest.raises(QueryError, match="--pivot seed is not possible; these rows have language, cell, condition"):
        pivot_table(store.deltas(), "seed", "delta")
    with pytest.raises(QueryError, match=r"--value cell is no column of numbers; there are: .*delta"):
        pivot_table(store.deltas(), "language", "cell")
    twice = pa.concat_tables([store.deltas(), store.deltas()])
    with pytest.raises(QueryError, match=r"two rows for xnli, strong, cell strong, .* and language 'macro'"):
        pivot_table(twice, "language", "delta")
