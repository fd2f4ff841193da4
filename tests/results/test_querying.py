from pathlib import Path

import pyarrow.parquet as pq
import pytest

from results.querying import show_query
from tests.results.factories import small_sweep, write_store


def test_what_a_query_gives_is_shown_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(write_store(tmp_path / "store", small_sweep()).folder)
    sql = "SELECT max(seed) AS seed FROM plan"
    show_query([folder], sql, "csv")
    assert capsys.readouterr().out == "seed\n1\n"
    show_query([folder], sql, "json")
    assert capsys.readouterr().out == '[\n{"seed": 1}\n]\n'
    show_query([folder], sql)
    assert capsys.readouterr().out.split()[0] == "seed"
    show_query([folder], sql, output=tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [{"seed": 1}]
