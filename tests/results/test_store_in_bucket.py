"""The store of `test_store.py` where it lies in a bucket: the same calls, the same answers."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import NotASweepError, OtherSweepError, StorageError
from results.queries import run_query
from results.several import NamedStore
from results.store import ResultStore
from tests.results.factories import label_table, plan_row, score_row, small_sweep, trial_row, write_store

SWEEP = {"name": "noise", "sweep_id": "s1"}


@pytest.fixture
def uri(bucket: str) -> str:
    return f"s3://{bucket}/runs/noise"


def test_a_bucket_gives_what_a_folder_gives(uri: str, tmp_path: Path) -> None:
    near, far = write_store(tmp_path, small_sweep()), write_store(uri, small_sweep())
    for store in (near, far):
        store.publish_trial(trial_row("base-0"), [score_row("base-0", "de", 50.0)], label_table("base-0"))
    assert ResultStore.open(uri).sweep["sweep_id"] == near.sweep["sweep_id"]
    assert far.pending() == near.pending() == ["late-0"]
    assert far.finished() == near.finished()
    for table in ("plan", "trials", "scores", "predictions", "deltas"):
        assert getattr(far, table)().equals(getattr(near, table)()), table
    sql = "SELECT count(*) AS n FROM predictions JOIN trials USING (trial_id)"
    assert run_query([NamedStore("it", far)], sql).to_pylist() == [{"n": 2}]


def test_a_sweep_in_a_bucket_is_found_extended_and_kept_from_others(uri: str) -> None:
    assert ResultStore.find(uri, SWEEP) is None
    ResultStore.create(uri, SWEEP).write_plan([plan_row("base", 0)])
    ResultStore.create(uri, SWEEP).write_plan([plan_row("base", 0), plan_row("base", 1)])
    assert ResultStore.open(uri).pending() == ["base-0", "base-1"]
    with pytest.raises(OtherSweepError, match="holds the sweep 'noise'"):
        ResultStore.create(uri, {"name": "other", "sweep_id": "s2"})


def test_a_prefix_without_a_sweep_says_where_there_are_some(uri: str, bucket: str) -> None:
    ResultStore.create(uri, SWEEP)
    with pytest.raises(NotASweepError, match="there are sweeps in noise below it"):
        ResultStore.open(f"s3://{bucket}/runs")
    with pytest.raises(NotASweepError, match=r"not empty and holds no sweep \(found noise\)"):
        ResultStore.create(f"s3://{bucket}/runs", SWEEP)
    with pytest.raises(NotASweepError, match="no sweep in s3://"):
        ResultStore.open(f"s3://{bucket}/elsewhere")


def test_a_damaged_object_is_found_and_set_aside(uri: str) -> None:
    store = write_store(uri, small_sweep())
    store.storage.publish_bytes("scores/strong-0.parquet", b"half")
    assert list(store.find_damaged()) == ["strong-0"]
    store.set_aside("strong-0")
    assert store.pending() == ["strong-0", "late-0"]
    assert store.storage.read_bytes("damaged/scores/strong-0.parquet") == b"half"


def test_the_folder_of_a_store_in_a_bucket_is_refused(uri: str) -> None:
    store = ResultStore.create(uri, SWEEP)
    assert store.uri == uri
    with pytest.raises(StorageError, match="is no folder of this machine"):
        print(store.folder)


def test_tables_for_people_name_the_bucket(uri: str) -> None:
    write_store(uri, small_sweep())
    ran = CliRunner().invoke(app, ["deltas", uri])
    assert ran.exit_code == 0
    assert f"Everything lies in {uri}" in ran.output.replace("\n", " ")
