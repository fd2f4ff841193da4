"""A trial raises, runs out of memory, or has a loss that is no number. Each ends as the status that says so."""

from pathlib import Path

import pytest

from sweeps.observing.events import log_path, read_events
from tests.faults.harness import Ended, contents, find_litter, fork_xlt, steps_noted, trial_rows
from tests.faults.site.fault_injection import Fault

pytestmark = pytest.mark.slow

_SCORING = "xlt_core.predict:Predictor.predict"
_BACKWARD = "xlt_core.finetune:FineTuning.backward"
_FIRST_OF_SECOND_TRIAL = 3  # each scores two languages


def _run(space: Path, folder: Path, *faults: Fault) -> Ended:
    command = ("sweep", "run", space, "--out", folder, "--inline", "--format", "json")
    return fork_xlt(*command, faults=faults, log=folder.parent / "log")


def _resume(folder: Path, *options: str, faults: tuple[Fault, ...] = ()) -> Ended:
    command = ("sweep", "resume", folder, "--inline", "--format", "json", *options)
    return fork_xlt(*command, faults=faults, log=folder.parent / "log")


def _status(folder: Path) -> str:
    ended = fork_xlt("sweep", "status", folder, log=folder.parent / "log")
    assert ended.exit_status == 0, ended.errors
    return ended.output


def test_a_trial_that_raises_once_is_tried_again_with_the_same_seed(
    space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    ended = _run(space, folder, Fault(effect="raise:builtins:RuntimeError", call=_SCORING, nth=_FIRST_OF_SECOND_TRIAL))
    assert ended.exit_status == 0, ended.errors
    assert sorted(row["attempt"] for row in trial_rows(folder).values()) == [1, 2]
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


def test_a_trial_that_always_raises_is_infra_and_leaves_the_others_alone(
    space: Path, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    fault = Fault(effect="raise:builtins:RuntimeError", call=_SCORING, nth=_FIRST_OF_SECOND_TRIAL, is_lasting=True)
    ended = _run(space, folder, fault)
    assert ended.exit_status == 1
    assert "--rerun infra" in ended.errors
    before = trial_rows(folder)
    failed = next(row for row in before.values() if row["status"] == "infra")
    assert failed["attempt"] == 3
    assert "injected" in failed["reason"]
    assert "Traceback" in failed["traceback"]
    assert "infra" in _status(folder)
    assert _resume(folder).summary["num_run"] == 0  # a failure is a result
    assert trial_rows(folder) == before
    steps = tmp_path / "steps"
    again = _resume(folder, "--rerun", "infra", faults=(steps_noted(steps),))
    assert (again.exit_status, again.summary["num_run"]) == (0, 1)
    assert not steps.exists()  # it had been trained, and its last checkpoint was kept
    assert contents(folder) == contents(undisturbed)
    assert find_litter(folder) == []


def test_memory_that_runs_out_once_halves_the_micro_batch(space: Path, undisturbed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    ended = _run(space, folder, Fault(effect="raise:torch:OutOfMemoryError", call=_BACKWARD, nth=8))
    assert ended.exit_status == 0, ended.errors
    rows = trial_rows(folder).values()
    assert sorted(str(row["micro_batch_size"]) for row in rows) == ["4", "None"]  # of a batch of 8
    assert {row["num_steps"] for row in rows} == {4}
    found, expected = contents(folder), contents(undisturbed)
    assert [row["trial_id"] for row in found["trials"]] == [row["trial_id"] for row in expected["trials"]]
    assert len(found["scores"]) == len(expected["scores"])


def test_memory_that_always_runs_out_is_oom(space: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    ended = _run(space, folder, Fault(effect="raise:torch:OutOfMemoryError", call=_BACKWARD, nth=9, is_lasting=True))
    assert ended.exit_status == 1
    failed = next(row for row in trial_rows(folder).values() if row["status"] == "oom")
    tried = [one.fields for one in read_events(log_path(folder, failed["trial_id"])) if one.event == "oom"]
    assert [fields["micro_batch_size"] for fields in tried] == [4, 2, 1, 1]  # of a batch of 8
    assert [fields["will_go_on"] for fields in tried] == [True, True, True, False]
    assert "oom" in _status(folder)
    assert _resume(folder).summary["num_run"] == 0
    assert _resume(folder, "--rerun", "oom").exit_status == 0


def test_a_loss_that_is_no_number_is_a_result_and_not_run_again(space: Path, tmp_path: Path) -> None:
    folder = tmp_path / "s"
    ended = _run(space, folder, Fault(effect="nan", call=_BACKWARD, nth=10))
    assert ended.exit_status == 1
    before = trial_rows(folder)
    diverged = next(row for row in before.values() if row["status"] == "diverged")
    assert "not finite" in diverged["reason"]
    assert diverged["attempt"] == 1
    assert "diverged" in _status(folder)
    assert _resume(folder).summary["num_run"] == 0
    refused = _resume(folder, "--rerun", "diverged")
    assert refused.exit_status == 2
    assert "--note" in refused.errors
    assert trial_rows(folder) == before
    assert _resume(folder, "--rerun", "diverged", "--note", "the driver was broken").exit_status == 0
    assert any("the driver was broken" in (row["note"] or "") for row in trial_rows(folder).values())
