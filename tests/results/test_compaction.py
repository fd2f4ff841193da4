import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import compaction
from results.compaction import compact_name, compacted_entries, read_folder
from results.schema import SCORES, make_table
from results.storage import LocalStorage, Storage
from results.table_files import publish_table
from tests.results.factories import score_row


@pytest.fixture(autouse=True)
def _worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files few enough for a test are worth it."""
    monkeypatch.setattr(compaction, "_WORTH_IT_NUM_FILES", 2)


def _publish(storage: LocalStorage, trial: str, value: float, *, num_rows: int = 2, age_seconds: int = 60) -> None:
    rows = [score_row(trial, f"l{place}", value + place) for place in range(num_rows)]
    publish_table(storage, f"scores/{trial}.parquet", make_table(rows, SCORES), SCORES)
    path = storage.folder / "scores" / f"{trial}.parquet"
    published = path.stat().st_mtime_ns - age_seconds * 1_000_000_000
    os.utime(path, ns=(published, published))


def _read(storage: Storage, *, columns: list[str] | None = None) -> compaction.TableRead:
    return read_folder(storage, "scores", storage.list_entries("scores"), SCORES, columns)


def _values(table: pa.Table) -> list[tuple[str, float]]:
    return list(zip(table["trial_id"].to_pylist(), table["value"].to_pylist(), strict=True))


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage(tmp_path)
    for place, trial in enumerate("abc"):
        _publish(storage, trial, 10.0 * place, num_rows=place)
    _publish(storage, "new", 90.0, age_seconds=0)
    return storage


def test_rows_from_the_compact_file_are_those_of_the_files(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _read(storage)
    assert before.is_worth_compacting
    before.compact()
    opened: list[str] = []
    read = compaction.read_tables
    monkeypatch.setattr(
        compaction, "read_tables", lambda storage, names, *rest: opened.extend(names) or read(storage, names, *rest)
    )
    after = _read(storage)
    assert opened == ["scores/new.parquet"]
    assert after.rows.equals(before.rows)
    assert after.num_rows == before.num_rows
    assert not after.is_worth_compacting
    assert _values(_read(storage, columns=["trial_id", "value"]).rows) == _values(before.rows)


def test_a_file_that_was_just_written_may_still_change_and_is_left_out(storage: LocalStorage) -> None:
    _read(storage).compact()
    assert {entry.name for entry in compacted_entries(storage, "scores")} == {
        f"scores/{name}.parquet" for name in "abc"
    }


def test_a_file_that_was_replaced_is_read_itself_and_one_that_is_gone_is_gone(storage: LocalStorage) -> None:
    _read(storage).compact()
    _publish(storage, "b", 50.0, num_rows=1, age_seconds=0)
    storage.remove("scores/c.parquet")
    assert _values(_read(storage).rows) == [("b", 50.0), ("new", 90.0), ("new", 91.0)]


def test_the_order_is_that_of_the_entries(storage: LocalStorage) -> None:
    _read(storage).compact()
    entries = storage.list_entries("scores")[::-1]
    names = read_folder(storage, "scores", entries, SCORES).rows["trial_id"].to_pylist()
    assert names == ["new", "new", "c", "c", "b"]


@pytest.mark.parametrize("content", [b"", b"no table"])
def test_a_damaged_compact_file_is_as_good_as_none(storage: LocalStorage, content: bytes) -> None:
    before = _read(storage)
    before.compact()
    storage.publish_bytes(compact_name("scores"), content)
    assert _read(storage).rows.equals(before.rows)
    assert compacted_entries(storage, "scores") == frozenset()


def test_a_compact_file_of_an_earlier_version_is_as_good_as_none(storage: LocalStorage) -> None:
    before = _read(storage)
    before.compact()
    path = storage.folder / compact_name("scores")
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"xlt_schema_version": b"4"}), path)
    after = _read(storage)
    assert after.rows.equals(before.rows)
    assert after.num_fresh == 4


def test_a_damaged_file_is_told_of_and_not_compacted(storage: LocalStorage) -> None:
    (storage.folder / "scores" / "b.parquet").write_bytes(b"no table")
    told: list[str] = []
    read = read_folder(
        storage, "scores", storage.list_entries("scores"), SCORES, on_damaged=lambda name, _: told.append(name)
    )
    assert told == ["scores/b.parquet"]
    assert [entry.name for entry in read.entries] == [f"scores/{name}.parquet" for name in ("a", "c", "new")]


@given(
    steps=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["publish", "remove", "compact"])), max_size=12)
)
def test_whatever_happens_in_between_the_compact_file_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    storage = LocalStorage(tmp_path_factory.mktemp("store"))
    expected: dict[str, float] = {}
    for place, (trial, step) in enumerate(steps):
        if step == "publish":
            _publish(storage, trial, float(place), num_rows=1, age_seconds=1000 - 10 * place)
            expected[trial] = float(place)
        elif step == "remove":
            storage.remove(f"scores/{trial}.parquet")
            expected.pop(trial, None)
        else:
            _read(storage).compact()
        assert dict(_values(_read(storage).rows)) == expected
