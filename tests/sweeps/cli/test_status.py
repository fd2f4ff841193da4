"""The status: what is done, what runs, what waits and why, and one command to go on."""

import io
import json
import platform
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from results.store import ResultStore
from sweeps.cli.status import as_json, find_status, print_status
from sweeps.engine.begin import begin_sweep
from sweeps.observing.driver_note import DriverNote, write_driver_note
from sweeps.observing.heartbeats import HeartbeatFile
from sweeps.planning.plan import collect_shared_stages, plan_sweep
from sweeps.tables.rows import publish_failure
from sweeps.units.claims import claim_path, claimed
from sweeps.units.failures import Failure
from sweeps.units.job import SCRATCH
from sweeps.units.lock import only_one_driver
from tests.sweeps.factories import make_space
from tests.sweeps.finished import finish_trials


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """Folder of a sweep that is planned and has run nothing."""
    begin_sweep(make_space(), tmp_path / "s")
    return tmp_path / "s"


def _status(folder: Path) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_status(find_status(folder), console)
    return console.export_text()


def _fail(folder: Path, place: int, status: str, reason: str) -> None:
    trial = plan_sweep(make_space()).trials[place]
    failure = Failure(status=status, reason=reason, traceback="")  # type: ignore[arg-type]
    publish_failure(ResultStore.open(folder), trial.trial_id, failure, attempt=3, launch_id="l1")


def test_without_a_driver_it_says_how_to_go_on(begun: Path) -> None:
    text = _status(begun)
    assert "4 trials: 4 pending" in text
    assert "nothing is running" in text
    assert f"go on with: xlt sweep resume {begun}" in text


def test_trials_with_a_checkpoint_are_counted_and_what_else_lies_beside_checkpoints_is_none(begun: Path) -> None:
    first, second, *_ = plan_sweep(make_space()).trials
    (begun / "checkpoints" / first.trial_id / "candidate_00000090").mkdir(parents=True)
    assert "from a checkpoint" not in _status(begun)
    for step in (200, 400):
        (begun / "checkpoints" / second.trial_id / f"step_{step:08d}").mkdir(parents=True)
    assert "1 unfinished trial goes on from a checkpoint" in _status(begun)


def test_while_a_driver_is_starting_nobody_is_told_to_resume(begun: Path) -> None:
    with only_one_driver(begun):
        text = _status(begun)
    assert "has the sweep in hand" in text
    assert "resume" not in text
    assert as_json(find_status(begun))["has_driver"] is False


def test_while_the_first_trial_runs_nobody_is_told_that_nothing_does(begun: Path) -> None:
    HeartbeatFile(begun / SCRATCH / "progress", "t1", "magnitude 0").begin()
    text = _status(begun)
    assert "magnitude 0  starting" in text
    assert "nothing" not in text


def test_a_driver_is_named_with_its_rate_and_time_left(begun: Path) -> None:
    note = DriverNote(num_trials=4, counts={}, launch_id="l1", trials_per_minute=2.0, seconds_left=600.0, pid=77)
    write_driver_note(begun / SCRATCH, note)
    HeartbeatFile(begun / SCRATCH / "progress", "t1", "magnitude 0").begin()
    with only_one_driver(begun):
        text = _status(begun)
    assert f"a driver is at work (process 77 on {platform.node()}): 2.0 trials/min, about 10 min left" in text
    assert "about 10 min left" not in _status(begun), "a note that is left over says nothing of now"


def test_what_runs_elsewhere_counts_only_while_a_driver_lives(begun: Path) -> None:
    folder = begun / SCRATCH / "progress"
    HeartbeatFile(folder, "t1", "far away").begin()
    beat = json.loads((folder / "t1.json").read_text())
    (folder / "t1.json").write_text(json.dumps({**beat, "host": "node7"}))
    assert "far away" not in _status(begun)
    with only_one_driver(begun):
        assert "far away  starting  on node7" in _status(begun)


def test_failures_are_grouped_by_reason_whatever_the_numbers_in_it(begun: Path) -> None:
    _fail(begun, 0, "diverged", "the loss is not finite at step 12")
    _fail(begun, 1, "diverged", "the loss is not finite at step 7")
    _fail(begun, 2, "infra", "OSError: no route to host")
    text = _status(begun)
    assert "2 trials diverged: the loss is not finite at step" in text
    assert "1 trial infra: OSError: no route to host" in text
    assert "go on with: xlt sweep resume" in text, "one trial is pending"
    _fail(begun, 3, "ok", "")
    assert f"run what failed again with: xlt sweep resume {begun} --rerun infra" in _status(begun)


def test_failures_of_different_stages_are_one_group(begun: Path) -> None:
    _fail(begun, 0, "infra", "intermediate stage 73823f06894ca5e0 failed: OSError: no route to host")
    _fail(begun, 1, "infra", "intermediate stage e2e5b4b5e574726a failed: OSError: no route to host")
    assert "2 trials infra: intermediate stage 73823f06894ca5e0 failed" in _status(begun)


def test_a_search_that_has_all_its_cells_is_to_be_looked_at_and_one_that_has_not_goes_on(tmp_path: Path) -> None:
    plan = plan_sweep(make_space(seeds=2))  # three cells and their baseline
    store = finish_trials(tmp_path, plan, lambda _: {"src": 50.0, "kin-hi": 40.0})
    description = tmp_path / "sweep.json"
    for num_cells, command in ((4, f"xlt sweep resume {store.uri}"), (3, f"xlt results deltas {store.uri}")):
        space = make_space(search={"optuna": {"num_cells": num_cells}}).model_dump(mode="json")
        description.write_text(json.dumps(json.loads(description.read_text()) | {"space": space}))
        assert find_status(tmp_path).command == command


def test_pending_trials_say_which_stages_they_wait_for(begun: Path) -> None:
    pretrain, intermediate = collect_shared_stages(plan_sweep(make_space()).trials)
    text = _status(begun)
    assert "4 trials wait for pretrain mini: was not begun" in text
    assert "2 trials wait for intermediate world dose 1 · seed 0: waits for a stage before it" in text
    HeartbeatFile(begun / SCRATCH / "progress", pretrain.stage.key, "pretrain mini").begin()
    assert f"4 trials wait for pretrain mini: runs on {platform.node()}" in _status(begun)
    with claimed(claim_path(begun / "stages", intermediate.stage.key), "another launch"):
        assert "another sweep computes it: process" in _status(begun)


def test_stages_that_sweeps_share_are_looked_for_where_the_driver_does(begun: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    for one in collect_shared_stages(plan_sweep(make_space()).trials):
        (shared / one.stage.key).mkdir(parents=True)
        (shared / one.stage.key / "manifest.json").write_text("{}")
    write_driver_note(begun / SCRATCH, DriverNote(num_trials=4, counts={}, stages_folder=str(shared)))
    assert "wait for" not in _status(begun)


def test_a_finished_sweep_is_to_be_looked_at(finished_sweep: Path) -> None:
    status = find_status(finished_sweep)
    values = as_json(status)
    assert values["next"] == f"xlt results deltas {finished_sweep}"
    assert values["waiting"] == []
    assert values["num_trials"] == sum(values["counts"].values()) == 4
    assert json.loads(json.dumps(values)) == values
    assert "languages: best" in _status(finished_sweep)


def test_damaged_files_are_named_and_cost_their_trial_alone(sweep_copy: Path) -> None:
    victim = sorted((sweep_copy / "scores").glob("*.parquet"))[0]
    victim.write_bytes(victim.read_bytes()[:50])
    text = _status(sweep_copy)
    assert "damaged, run again by the next launch" in text
    assert f"trial {victim.stem}" in text
    assert f"go on with: xlt sweep resume {sweep_copy}" in text


def test_a_status_changes_nothing(sweep_copy: Path) -> None:
    shutil.rmtree(sweep_copy / SCRATCH, ignore_errors=True)
    before = {path: path.read_bytes() for path in sweep_copy.rglob("*") if path.is_file()}
    _status(sweep_copy)
    assert {path: path.read_bytes() for path in sweep_copy.rglob("*") if path.is_file()} == before
