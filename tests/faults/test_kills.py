"""The process is killed at every phase of a sweep without Ray. What was published stays, and nothing is lost."""

import re
import signal
from pathlib import Path

import pytest

from tests.faults.harness import CHECKPOINT_OFTEN, Ended, contents, find_litter, fork_xlt, trial_rows
from tests.faults.site.fault_injection import Fault

pytestmark = pytest.mark.slow


def _go_on(space: Path, folder: Path, faults: list[Fault]) -> Ended:
    """Begin the sweep, or resume it as soon as it is planned."""
    is_planned = any((folder / "plan").glob("[!.]*.parquet"))
    command = ("resume", folder) if is_planned else ("run", space, "--out", folder)
    return fork_xlt("sweep", *command, "--inline", "--format", "json", faults=faults, log=folder.parent / "log")


def _check_same(folder: Path, undisturbed: Path) -> None:
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []
    assert _go_on(folder, folder, []).summary["num_run"] == 0


def test_killed_before_every_kind_of_write_in_turn(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder, killed_at = tmp_path / "s", tmp_path / "killed_at"
    pattern = f" {re.escape(str(folder))}"
    faults = [CHECKPOINT_OFTEN, Fault(effect=f"kill-new:{killed_at}", files=pattern, is_lasting=True)]
    finished: dict[str, object] = {}
    while (ended := _go_on(space, folder, faults)).exit_status != 0:
        assert ended.exit_status == -signal.SIGKILL, ended.errors
        rows = trial_rows(folder)
        assert rows.items() >= finished.items()  # the same rows with the same times: none ran again
        finished = rows
    kinds = killed_at.read_text().splitlines()
    for table in ("plan", "predictions", "scores", "trials", "deltas"):
        # The folder's own name may have digits, which are left out of what is noted.
        assert any(kind.startswith("write ") and f"/{folder.name}/{table}/" in kind for kind in kinds)
        assert any(kind.startswith("rename ") and f"/{folder.name}/{table}/" in kind for kind in kinds)
    assert any("/checkpoints/" in kind for kind in kinds)
    assert any("/stages/" in kind for kind in kinds)
    _check_same(folder, undisturbed)


@pytest.mark.parametrize("nth", [2, 6, 10, 14])  # one of every stage
def test_killed_in_a_training_step(nth: int, space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder, steps = tmp_path / "s", tmp_path / "steps"
    kill = Fault(effect="kill", call="torch.optim.adamw:AdamW.step", nth=nth)
    count = Fault(effect=f"note:{steps}", call="torch.optim.adamw:AdamW.step", is_lasting=True)
    assert _go_on(space, folder, [CHECKPOINT_OFTEN, count, kill]).exit_status == -signal.SIGKILL
    assert _go_on(space, folder, [CHECKPOINT_OFTEN, count]).exit_status == 0
    num_steps_killed = len(steps.read_text().splitlines()) - _NUM_STEPS
    assert num_steps_killed <= 2  # since the last checkpoint
    _check_same(folder, undisturbed)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_while_scoring_a_language(nth: int, space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder, steps = tmp_path / "s", tmp_path / "steps"
    kill = Fault(effect="kill", call="xlt_core.predict:Predictor.predict", nth=nth)
    count = Fault(effect=f"note:{steps}", call="torch.optim.adamw:AdamW.step", is_lasting=True)
    assert _go_on(space, folder, [CHECKPOINT_OFTEN, count, kill]).exit_status == -signal.SIGKILL
    assert _go_on(space, folder, [CHECKPOINT_OFTEN, count]).exit_status == 0
    assert len(steps.read_text().splitlines()) == _NUM_STEPS  # no step is taken again: the last one has a checkpoint
    _check_same(folder, undisturbed)


_NUM_STEPS = 3 + 4 + 4 + 4
"""Steps of the whole sweep."""
