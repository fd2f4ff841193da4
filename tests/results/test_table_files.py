from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results.errors import DamagedFileError, RowError, SchemaVersionError
from results.schema import SCORES, make_table
from results.storage import LocalStorage
from results.table_files import publish_table, read_table, read_tables, read_version
from tests.results.factories import score_row


def _table(num_rows: int = 3) -> pa.Table:
    return make_table([score_row("t", f"language {place}", float(place)) for place in range(num_rows)], SCORES)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


def test_a_published_table_reads_back_equal(storage: LocalStorage) -> None:
    publish_table(storage, "deep/t.parquet", _table(), SCORES)
    assert read_table(storage, "deep/t.parquet").equals(_table())
    assert read_version(storage, "deep/t.parquet") == "6"


def test_a_published_table_is_readable_without_this_code(storage: LocalStorage) -> None:
    publish_table(storage, "t.parquet", _table(), SCORES)
    path = storage.folder / "t.parquet"
    assert pq.read_table(path)["value"].to_pylist() == [0.0, 1.0, 2.0]
    assert pq.read_metadata(path).row_group(0).column(0).compression != "UNCOMPRESSED"


def test_a_table_with_other_columns_is_not_published(storage: LocalStorage) -> None:
    with pytest.raises(RowError, match=r"t\.parquet: the columns are"):
        publish_table(storage, "t.parquet", _table().drop_columns(["value"]), SCORES)
    assert storage.list_names() == []


def test_another_schema_version_is_refused_with_both_versions(storage: LocalStorage) -> None:
    table = _table().replace_schema_metadata({b"xlt_schema_version": b"7"})
    pq.write_table(table, storage.folder / "t.parquet")
    sentence = r"schema version 7, this version of xlt-sweeps reads 1, 2, 3, 4, 5 and 6; read it with"
    for read in (read_table, read_version):
        with pytest.raises(SchemaVersionError, match=sentence):
            read(storage, "t.parquet")


def test_a_parquet_file_of_someone_else_counts_as_damaged(storage: LocalStorage) -> None:
    pq.write_table(pa.table({"a": [1]}), storage.folder / "t.parquet")
    for read in (read_table, read_version):
        with pytest.raises(DamagedFileError, match="not a file of this store"):
            read(storage, "t.parquet")


@pytest.mark.parametrize("num_bytes", [0, 3, 100, -20, -1])
def test_a_file_that_was_cut_off_is_named_with_what_to_do(storage: LocalStorage, num_bytes: int) -> None:
    publish_table(storage, "t.parquet", _table(), SCORES)
    path = storage.folder / "t.parquet"
    path.write_bytes(path.read_bytes()[:num_bytes])
    for read in (read_table, read_version):
        with pytest.raises(DamagedFileError, match=r"t\.parquet: cannot be read .* `xlt sweep resume` sets it aside"):
            read(storage, "t.parquet")


def test_a_bit_that_flipped_in_a_page_is_found(storage: LocalStorage) -> None:
    publish_table(storage, "t.parquet", make_table([score_row("t", "de", 60.0)], SCORES), SCORES)
    path = storage.folder / "t.parquet"
    content = bytearray(path.read_bytes())
    column = pq.read_metadata(path).schema.names.index("num_examples")
    chunk = pq.read_metadata(path).row_group(0).column(column)
    content[chunk.data_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"t\.parquet: cannot be read"):
        read_table(storage, "t.parquet")


def test_a_footer_that_is_longer_than_what_is_read_first_is_found(storage: LocalStorage) -> None:
    metadata = (SCORES.metadata or {}) | {b"filler": bytes(100_000)}
    pq.write_table(_table().replace_schema_metadata(metadata), storage.folder / "t.parquet")
    assert read_version(storage, "t.parquet") == "6"


def test_a_damaged_plan_says_how_to_plan_anew(storage: LocalStorage) -> None:
    storage.publish_bytes("plan/0000-a.parquet", b"no table")
    with pytest.raises(DamagedFileError, match="`xlt sweep run SPACE --out` with the same space"):
        read_table(storage, "plan/0000-a.parquet")


def test_a_file_with_other_columns_is_refused_or_told_of(storage: LocalStorage) -> None:
    other = _table().drop_columns(["value"])
    pq.write_table(other.replace_schema_metadata(SCORES.metadata), storage.folder / "t.parquet")
    with pytest.raises(DamagedFileError, match="but should be"):
        read_tables(storage, ["t.parquet"], SCORES)
    told: list[str] = []
    assert read_tables(storage, ["t.parquet"], SCORES, on_damaged=lambda name, _: told.append(name)) == [None]
    assert told == ["t.parquet"]


def test_many_files_are_read_in_the_order_given_without_those_that_vanished(storage: LocalStorage) -> None:
    for name, num_rows in (("a", 1), ("b", 2)):
        publish_table(storage, f"{name}.parquet", _table(num_rows), SCORES)
    names = [f"{name}.parquet" for name in ("b", "gone", "a")]
    tables = read_tables(storage, names, SCORES, ["value"])
    assert [table and table["value"].to_pylist() for table in tables] == [[0.0, 1.0], None, [0.0]]
