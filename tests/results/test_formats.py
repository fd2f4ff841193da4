import csv
import io
import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.errors import FormatError
from results.formats import encode_table, resolve_format, write_file, write_output


def _table() -> pa.Table:
    return pa.table(
        {
            "name": pa.array(['comma, quote " and\nline', None]),
            "value": pa.array([0.1 + 0.2, float("nan")]),
            "seeds": pa.array([[0, 1], []], pa.list_(pa.int64())),
            "count": pa.array([Decimal(3), Decimal("2.5")]),
            "at": pa.array([datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None], pa.timestamp("us", tz="UTC")),
            "label": pa.array(["yes", "no"]).dictionary_encode(),
        }
    )


def test_json_is_a_list_of_rows_without_nan() -> None:
    assert json.loads(encode_table(_table(), "json")) == [
        {
            "name": 'comma, quote " and\nline',
            "value": 0.1 + 0.2,
            "seeds": [0, 1],
            "count": 3,
            "at": "2026-01-02T03:04:05+00:00",
            "label": "yes",
        },
        {"name": None, "value": None, "seeds": [], "count": 2.5, "at": None, "label": "no"},
    ]


def test_csv_reads_back() -> None:
    rows = list(csv.DictReader(io.StringIO(encode_table(_table(), "csv").decode(), newline="")))
    assert rows[0]["name"] == 'comma, quote " and\nline'
    assert float(rows[0]["value"]) == 0.1 + 0.2
    assert json.loads(rows[0]["seeds"]) == [0, 1]
    assert (rows[1]["name"], rows[1]["value"], rows[1]["count"]) == ("", "", "2.5")


def test_parquet_reads_back_equal() -> None:
    read = pq.read_table(pa.BufferReader(encode_table(_table(), "parquet")))
    assert read.drop_columns(["value"]).equals(_table().drop_columns(["value"]))


def test_no_rows_are_still_valid() -> None:
    empty = _table().slice(0, 0)
    assert json.loads(encode_table(empty, "json")) == []
    assert encode_table(empty, "csv") == b"name,value,seeds,count,at,label\n"


def test_the_format_follows_the_name_of_the_file_unless_given() -> None:
    assert resolve_format(None, None) == "table"
    assert resolve_format(None, Path("a.parquet")) == "parquet"
    assert resolve_format(None, Path("a.txt")) == "table"
    assert resolve_format("csv", Path("a.json")) == "csv"
    with pytest.raises(FormatError, match="unknown format 'xml'; known: table, csv, json, parquet"):
        resolve_format("xml", None)


def test_output_goes_to_the_file_and_nowhere_else(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_output(_table(), "csv", tmp_path / "new" / "out.csv")
    assert (tmp_path / "new" / "out.csv").read_bytes() == encode_table(_table(), "csv")
    assert capfdbinary.readouterr() == (b"", b"")


def test_parquet_is_not_sent_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(FormatError, match="not for a terminal"):
        write_output(_table(), "parquet", None)


def test_a_file_behind_a_link_is_written_and_the_link_stays(tmp_path: Path) -> None:
    link, file = tmp_path / "link.csv", tmp_path / "file.csv"
    link.symlink_to(file)
    write_file(b"new", link)
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(b"content", pipe)
        assert os.read(reader, 100) == b"content"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "below.csv"):
        with pytest.raises(FormatError, match=f"{place} cannot be written"):
            write_file(b"content", place)
