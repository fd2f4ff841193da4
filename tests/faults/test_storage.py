"""Storage that is full, read-only, slow, or answers with errors. The state is told in words, and a resume finishes."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import Ended, contents, find_litter, fork_xlt, trial_rows
from tests.faults.site.fault_injection import Fault

pytestmark = pytest.mark.slow

_TABLES = ("predictions", "scores", "trials")


def _go_on(space: Path, folder: Path, *faults: Fault) -> Ended:
    command = ("resume", folder) if (folder / "sweep.json").exists() else ("run", space, "--out", folder)
    return fork_xlt("sweep", *command, "--inline", "--format", "json", faults=faults, log=space.parent / "log")


def _status(folder: Path, log: Path) -> Ended:
    return fork_xlt("sweep", "status", folder, log=log)


def _check_same(folder: Path, undisturbed: Path) -> None:
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


@pytest.mark.parametrize("place", ["trials", "scores", "predictions", "checkpoints", "stages", "tokens", "deltas"])
def test_a_disk_that_is_full_stops_the_sweep_and_says_so(
    place: str, space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    full = Fault(effect="errno:ENOSPC", files=f"(write|mkdir) {re.escape(str(folder))}/{place}", is_lasting=True)
    ended = _go_on(space, folder, full)
    assert ended.exit_status == 1, ended.errors
    assert "disk is full" in ended.errors
    assert "xlt sweep resume" in ended.errors
    assert "Traceback" not in ended.errors
    assert not any(row["status"] == "infra" for row in trial_rows(folder).values())  # no trial is blamed for it
    before = trial_rows(folder)
    assert _status(folder, tmp_path / "log").exit_status == 0
    assert _go_on(space, folder).exit_status == 0
    assert trial_rows(folder).items() >= before.items()
    _check_same(folder, undisturbed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_real_disk_that_is_full_and_is_given_room(space: Path, undisturbed: Path, small_disk: Path) -> None:
    folder = small_disk / "s"
    ended = _go_on(space, folder)
    assert ended.exit_status == 1, ended.errors
    assert "disk is full" in ended.errors
    assert "Traceback" not in ended.errors
    _mount("-o", "remount,size=256m", small_disk)
    assert _go_on(space, folder).exit_status == 0
    _check_same(folder, undisturbed)


def test_a_folder_that_becomes_read_only_can_be_read_and_is_refused_with_a_sentence(
    space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    fault = Fault(effect="raise:builtins:RuntimeError", call="xlt_core.predict:Predictor.predict", nth=3)
    _go_on(space, folder, fault, Fault(effect="kill", files=f"rename {folder}/scores/", nth=2))
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,ro,bind", folder)
        refused = _go_on(space, folder)
        assert refused.exit_status == 2, refused.errors
        assert "read-only" in refused.errors.lower()
        assert "Traceback" not in refused.errors
        assert _status(folder, tmp_path / "log").exit_status == 0
        assert fork_xlt("results", "scores", folder, log=tmp_path / "log").exit_status == 0
    finally:
        subprocess.run(["umount", folder], check=True)
    assert _go_on(space, folder).exit_status == 0
    _check_same(folder, undisturbed)


def test_storage_that_turns_read_only_while_the_sweep_runs(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    fault = Fault(effect="errno:EROFS", files=f" {re.escape(str(folder))}/", nth=100, is_lasting=True)
    ended = _go_on(space, folder, fault)
    assert ended.exit_status in (1, 2), ended.errors
    assert "read-only" in ended.errors.lower()
    assert "Traceback" not in ended.errors
    assert _go_on(space, folder).exit_status == 0
    _check_same(folder, undisturbed)


@pytest.mark.parametrize("table", _TABLES)
def test_an_error_of_the_storage_while_a_row_is_written_is_tried_again(
    table: str, space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    ended = _go_on(space, folder, Fault(effect="errno:EIO", files=f"write {re.escape(str(folder))}/{table}/"))
    assert ended.exit_status == 0, ended.errors
    _check_same(folder, undisturbed)


def test_storage_that_only_answers_with_errors_ends_the_sweep_in_words(
    space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    tables = f" {re.escape(str(folder))}/({'|'.join(_TABLES)})/"
    ended = _go_on(space, folder, Fault(effect="errno:EIO", files=tables, is_lasting=True))
    assert ended.exit_status in (1, 2), ended.errors
    assert "Input/output error" in ended.errors
    assert "Traceback" not in ended.errors
    assert _go_on(space, folder).exit_status == 0
    _check_same(folder, undisturbed)


def test_slow_storage_only_takes_longer(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    slow = Fault(effect="sleep:0.03", files=f" {re.escape(str(folder))}/", is_lasting=True)
    ended = _go_on(space, folder, slow)
    assert ended.exit_status == 0, ended.errors
    _check_same(folder, undisturbed)


def _mount(*arguments: object) -> None:
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")
