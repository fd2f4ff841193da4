"""A whole sweep whose results lie in a bucket: the same rows as in a folder, and nothing but the bucket is needed."""

import shutil
from pathlib import Path

import pytest

from results.storage import open_storage
from results.store import ResultStore
from sweeps.engine.launch import resume_missing
from sweeps.engine.options import LaunchOptions
from sweeps.units.job import WORK_FOLDER_VARIABLE
from tests.sweeps.factories import make_space, read_scores, run_inline, silent_console

pytestmark = pytest.mark.slow


@pytest.fixture
def uri(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(WORK_FOLDER_VARIABLE, str(tmp_path / "work"))
    return f"s3://{bucket}/runs/small"


def test_a_sweep_in_a_bucket_has_the_rows_of_one_in_a_folder_and_goes_on_from_another_machine(
    uri: str, tmp_path: Path
) -> None:
    space = make_space()
    near, far = run_inline(space, tmp_path / "near"), run_inline(space, uri)
    assert near.exit_status == far.exit_status == 0
    assert read_scores(uri) == read_scores(tmp_path / "near")

    storage = open_storage(uri)
    assert {name.split("/")[1] for name in _names(storage, "stages")} == {
        path.name for path in (tmp_path / "near" / "stages").iterdir() if path.is_dir()
    }
    assert _names(storage, "checkpoints") == []
    assert not storage.exists(".lease.json")

    shutil.rmtree(tmp_path / "work")  # another machine, or the same without its disk
    store = ResultStore.open(uri)
    (lost, *_) = store.finished()
    store.set_aside(lost)
    outcome = resume_missing(store, LaunchOptions(resources=space.resources, inline=True), silent_console())
    assert outcome.num_run == 1
    assert read_scores(uri) == read_scores(tmp_path / "near")


def _names(storage, folder: str) -> list[str]:
    return [entry.name for entry in storage.list_entries(folder, recursive=True)]
