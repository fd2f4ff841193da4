from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from results import compaction, damage
from results.damage import find_damaged, set_aside
from results.errors import SchemaVersionError
from results.storage import LocalStorage
from results.store import ResultStore
from tests.results.factories import label_table, score_row, small_sweep, trial_row, write_store


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    store = write_store(tmp_path, small_sweep())
    store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], label_table("base-0"))
    return LocalStorage(tmp_path)


def test_a_store_that_is_whole_has_nothing_damaged(storage: LocalStorage) -> None:
    assert find_damaged(storage) == {}


@pytest.mark.parametrize("table", ["trials", "scores", "predictions"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table at all", b"PAR1cut off\x00PAR1"])
@pytest.mark.parametrize("num_files_read_whole", [2000, 0])
def test_a_file_that_is_no_table_is_found(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, table: str, content: bytes, num_files_read_whole: int
) -> None:
    monkeypatch.setattr(damage, "_READ_WHOLE_NUM_FILES", num_files_read_whole)
    (storage.folder / table / "base-0.parquet").write_bytes(content)
    found = find_damaged(storage)
    assert list(found) == ["base-0"]
    assert f"{table}/base-0.parquet: cannot be read" in found["base-0"]


def test_files_that_are_whole_pass_when_only_their_ends_are_looked_at(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "_READ_WHOLE_NUM_FILES", 0)
    assert find_damaged(storage) == {}


def test_a_parquet_file_of_someone_else_is_found(storage: LocalStorage) -> None:
    pq.write_table(pa.table({"a": [1]}), storage.folder / "scores" / "base-0.parquet")
    assert "not a file of this store" in find_damaged(storage)["base-0"]


def test_a_damaged_page_is_found_where_there_are_few_files(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = storage.folder / "predictions" / "base-0.parquet"
    content = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(0).data_page_offset
    content[start : start + 40] = bytes(40)
    path.write_bytes(content)
    assert list(find_damaged(storage)) == ["base-0"]
    monkeypatch.setattr(damage, "_READ_WHOLE_BYTES", 0)
    assert find_damaged(storage) == {}


def test_a_file_of_a_later_version_is_no_damage(storage: LocalStorage) -> None:
    path = storage.folder / "scores" / "base-0.parquet"
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"xlt_schema_version": b"99"}), path)
    with pytest.raises(SchemaVersionError, match="99"):
        find_damaged(storage)


def test_what_was_looked_into_before_is_not_read_again_but_what_changed_since_is(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "_WORTH_IT_NUM_FILES", 2)
    monkeypatch.setattr(compaction, "_SETTLED_NS", 0)
    assert find_damaged(storage) == {}
    write_deltas = ResultStore.open(storage).write_deltas
    write_deltas()
    looked: list[str] = []
    read = damage.read_tables
    monkeypatch.setattr(
        damage,
        "read_tables",
        lambda storage, names, *rest, **more: looked.extend(names) or read(storage, names, *rest, **more),
    )
    assert find_damaged(storage) == {}
    assert looked == []
    path = storage.folder / "scores" / "base-1.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    assert list(find_damaged(storage)) == ["base-1"]


def test_what_is_set_aside_is_kept(storage: LocalStorage) -> None:
    (storage.folder / "scores" / "base-0.parquet").write_bytes(b"half")
    set_aside(storage, "base-0")
    kept = storage.list_entries("damaged", recursive=True)
    assert [entry.name for entry in kept] == [
        f"damaged/{table}/base-0.parquet" for table in ("predictions", "scores", "trials")
    ]
    assert storage.read_bytes("damaged/scores/base-0.parquet") == b"half"
    assert not storage.exists("trials/base-0.parquet")
