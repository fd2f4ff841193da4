"""Files that were damaged after they were published, a folder that moved, a clock that was set back."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.harness import (
    CHECKPOINT_OFTEN,
    Ended,
    contents,
    copy_sweep,
    find_litter,
    fork_xlt,
    steps_noted,
    trial_rows,
)
from tests.faults.site.fault_injection import Fault

pytestmark = pytest.mark.slow

Damage = Callable[[Path], None]


def _truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def _flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


_DAMAGES_OF_TABLES = pytest.mark.parametrize("damage", [_truncate, _empty])
"""Of a bit that has flipped in a table nothing is known: Parquet files have no checksum of all that is in them."""


def _xlt(*arguments: object, log: Path, faults: tuple[Fault, ...] = ()) -> Ended:
    return fork_xlt(*arguments, log=log / "log", faults=faults)


def _resume(folder: Path, *faults: Fault) -> Ended:
    ended = _xlt("sweep", "resume", folder, "--inline", "--format", "json", log=folder.parent, faults=faults)
    assert ended.exit_status == 0, ended.errors
    return ended


def _kill_in_second_trial(space: Path, folder: Path) -> Path:
    """Run until the second trial has two checkpoints; give their folder."""
    kill = Fault(effect="kill", call="xlt_core.predict:Predictor.predict", nth=3)
    command = ("sweep", "run", space, "--out", folder, "--inline")
    ended = _xlt(*command, log=space.parent, faults=(CHECKPOINT_OFTEN, kill))
    assert ended.exit_status == -signal.SIGKILL, ended.errors
    (checkpoints,) = (folder / "checkpoints").iterdir()
    assert {path.name for path in checkpoints.iterdir()} == {"step_00000002", "step_00000004"}
    return checkpoints


@pytest.mark.parametrize(
    ("name", "damage"),
    [("state.safetensors", _truncate), ("state.safetensors", _flip_a_bit), ("manifest.json", _empty)],
)
@pytest.mark.parametrize(("num_damaged", "num_steps_again"), [(1, 2), (2, 4)])
def test_of_damaged_checkpoints_the_newest_whole_one_is_taken(
    damage: Damage,
    name: str,
    num_damaged: int,
    num_steps_again: int,
    space: Path,
    undisturbed: Path,
    tmp_path: Path,
) -> None:
    folder, steps = tmp_path / "s", tmp_path / "steps"
    newest_first = sorted(_kill_in_second_trial(space, folder).iterdir(), reverse=True)
    for checkpoint in newest_first[:num_damaged]:
        damage(checkpoint / name)
    _resume(folder, CHECKPOINT_OFTEN, steps_noted(steps))
    assert len(steps.read_text().splitlines()) == num_steps_again
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.safetensors", _truncate),
        ("model.safetensors", _flip_a_bit),
        ("config.json", _flip_a_bit),
        ("manifest.json", _empty),
    ],
)
def test_a_damaged_stage_is_made_anew(
    damage: Damage, name: str, space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    _kill_in_second_trial(space, folder)
    for stage in (folder / "stages").iterdir():
        damage(stage / name)
    _resume(folder)
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


@_DAMAGES_OF_TABLES
@pytest.mark.parametrize("table", ["trials", "scores", "predictions"])
def test_a_damaged_row_is_named_and_its_trial_alone_is_run_again(
    damage: Damage, table: str, undisturbed: Path, tmp_path: Path
) -> None:
    folder = copy_sweep(undisturbed, tmp_path / "s")
    before = trial_rows(folder)
    damaged, whole = sorted(before)
    damage(folder / table / f"{damaged}.parquet")
    told = _xlt("sweep", "status", folder, log=tmp_path)
    assert told.exit_status == 0, told.errors
    assert damaged in told.output + told.errors
    assert _resume(folder).summary["num_run"] == 1
    assert trial_rows(folder)[whole] == before[whole]
    assert contents(folder) == contents(undisturbed)


@_DAMAGES_OF_TABLES
def test_a_damaged_plan_is_made_anew_from_the_space(damage: Damage, undisturbed: Path, tmp_path: Path) -> None:
    folder = copy_sweep(undisturbed, tmp_path / "s")
    before = trial_rows(folder)
    (plan,) = (folder / "plan").glob("*.parquet")
    damage(plan)
    told = _resume(folder)
    assert plan.name in told.errors
    assert told.summary["num_run"] == 0
    assert trial_rows(folder) == before
    assert contents(folder) == contents(undisturbed)


@_DAMAGES_OF_TABLES
def test_damaged_deltas_are_made_anew(damage: Damage, undisturbed: Path, tmp_path: Path) -> None:
    folder = copy_sweep(undisturbed, tmp_path / "s")
    damage(folder / "deltas" / "deltas.parquet")
    assert _resume(folder).summary["num_run"] == 0
    assert contents(folder) == contents(undisturbed)


def test_a_folder_may_move_while_nothing_runs(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder, moved = tmp_path / "s", tmp_path / "elsewhere" / "s"
    _kill_in_second_trial(space, folder)
    before, steps = trial_rows(folder), tmp_path / "steps"
    moved.parent.mkdir()
    folder.rename(moved)
    assert _resume(moved, steps_noted(steps)).summary["num_run"] == 1
    assert not steps.exists()  # the checkpoint came along
    assert trial_rows(moved).items() >= before.items()
    assert contents(moved) == contents(undisturbed)
    assert find_litter(moved) == []
    assert not folder.exists()


def test_a_clock_that_is_set_back_changes_nothing(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    _kill_in_second_trial(space, folder)
    before, tomorrow = trial_rows(folder), time.time() + 86400.0
    for path in folder.rglob("*"):
        os.utime(path, (tomorrow, tomorrow))  # all that is there is of the future
    assert _resume(folder, Fault(effect="clock:-31536000")).summary["num_run"] == 1
    rows = trial_rows(folder)
    assert rows.items() >= before.items()
    newest = next(row for trial_id, row in rows.items() if trial_id not in before)
    assert newest["started_at"] < min(row["started_at"] for row in before.values())  # it was indeed set back
    assert newest["wall_seconds"] < 3600.0
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []
