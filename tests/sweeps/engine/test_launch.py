"""The plan minus the store is the work: launching, resuming, extending, moving, rerunning."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import pytest

from results.errors import NotASweepError, OtherSweepError
from results.store import ResultStore
from sweeps.engine.begin import begin_sweep, read_resources
from sweeps.engine.launch import resume_missing, run_missing
from sweeps.engine.options import LaunchOptions, SweepOutcome
from sweeps.planning.plan import plan_sweep
from sweeps.tables.rows import publish_failure
from sweeps.units.failures import Failure
from sweeps.units.stopping import StopSweep
from tests.factories import build_encoder, write_pair_folder
from tests.sweeps.factories import BASE, count_rows, make_space, read_scores, row_times, run_inline, silent_console
from xlt_core.errors import StoreError, XltError


def _resume(folder: Path, *rerun: str) -> SweepOutcome:
    store = ResultStore.open(folder)
    options = LaunchOptions(resources=read_resources(store), inline=True, rerun=rerun)
    return resume_missing(store, options, silent_console())


def test_a_finished_sweep_has_rows_scores_predictions_and_deltas(finished_sweep: Path) -> None:
    store = ResultStore.open(finished_sweep)
    trials = store.trials().to_pylist()
    assert len(trials) == 4
    assert {trial["status"] for trial in trials} <= {"ok", "degenerate"}
    assert set(count_rows(finished_sweep).values()) == {1}
    assert store.predictions().num_rows == 4 * 2 * 10
    assert (finished_sweep / "deltas" / "deltas.parquet").is_file()
    assert len(list((finished_sweep / "stages").iterdir())) == 2
    assert json.loads((finished_sweep / "sweep.json").read_text())["space"]["name"] == "small"


def test_asked_for_twice_a_trial_runs_once(sweep_copy: Path) -> None:
    before = row_times(sweep_copy)
    outcome = run_inline(make_space(), sweep_copy)
    assert (outcome.num_run, outcome.exit_status) == (0, 0)
    assert row_times(sweep_copy) == before


def test_a_moved_folder_resumes_what_is_missing_and_ends_the_same(sweep_copy: Path) -> None:
    scores = read_scores(sweep_copy)
    missing = ResultStore.open(sweep_copy).plan()["trial_id"].to_pylist()[2]
    for table in ("trials", "scores"):
        (sweep_copy / table / f"{missing}.parquet").unlink()
    outcome = _resume(sweep_copy)
    assert outcome.num_run == 1
    assert read_scores(sweep_copy) == scores


def test_a_resumed_sweep_looks_for_damage_once_and_runs_what_was_damaged(
    sweep_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = read_scores(sweep_copy)
    damaged = ResultStore.open(sweep_copy).plan()["trial_id"].to_pylist()[1]
    (sweep_copy / "scores" / f"{damaged}.parquet").write_bytes(b"PAR1")
    num_looks = 0
    find_damaged = ResultStore.find_damaged

    def count(store: ResultStore) -> dict[str, str]:
        nonlocal num_looks
        num_looks += 1
        return find_damaged(store)

    monkeypatch.setattr(ResultStore, "find_damaged", count)
    assert _resume(sweep_copy).num_run == 1
    assert num_looks == 1
    assert read_scores(sweep_copy) == scores


def test_a_grown_space_runs_only_what_is_new(sweep_copy: Path) -> None:
    before = row_times(sweep_copy)
    outcome = run_inline(
        make_space(axes={**make_space().axes, "target.perturbation.magnitude": [0.0, 0.5, 1.0]}), sweep_copy
    )
    assert outcome.num_run == 2
    assert row_times(sweep_copy).items() >= before.items()
    assert ResultStore.open(sweep_copy).plan().num_rows == 6


def test_a_folder_of_another_sweep_is_refused_and_untouched(sweep_copy: Path) -> None:
    before = (sweep_copy / "sweep.json").read_bytes()
    with pytest.raises(OtherSweepError, match="holds the sweep 'small'"):
        begin_sweep(make_space(name="other"), sweep_copy)
    assert (sweep_copy / "sweep.json").read_bytes() == before


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(NotASweepError, match=r"thesis\.tex"):
        begin_sweep(make_space(), tmp_path)


def test_a_space_that_cannot_run_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(XltError):
        begin_sweep(make_space(base={**BASE, "encoder": "./no/where"}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_failures_are_run_again_only_when_asked_for(sweep_copy: Path) -> None:
    store = ResultStore.open(sweep_copy)
    trial_id = plan_sweep(make_space()).trials[1].trial_id
    scores = read_scores(sweep_copy)
    publish_failure(store, trial_id, Failure(status="infra", reason="node lost", traceback=""), attempt=3)
    untouched = _resume(sweep_copy)
    assert (untouched.num_run, untouched.exit_status, untouched.counts["infra"]) == (0, 1, 1)
    assert _resume(sweep_copy, "oom").num_run == 0
    again = _resume(sweep_copy, "oom", "infra")
    assert (again.num_run, again.exit_status) == (1, 0)
    assert read_scores(sweep_copy) == scores


def test_a_result_that_is_run_again_is_trained_again_although_its_weights_were_kept(tmp_path: Path) -> None:
    space = make_space(
        axes={"target.perturbation.magnitude": [0.0]},
        baseline={"target.perturbation.magnitude": 0.0},
        resources={"keep_weights": True},
    )
    run_inline(space, tmp_path / "s", arrays=False)
    (trial,) = ResultStore.open(tmp_path / "s").trials().to_pylist()
    assert (trial["status"], trial["train_seconds"] > 0.0) in {("ok", True), ("degenerate", True)}
    (kept,) = (tmp_path / "s" / "weights").iterdir()
    written = kept.stat().st_mtime_ns
    assert run_inline(space, tmp_path / "s", arrays=False, rerun=(trial["status"],), note="why").num_run == 1
    (again,) = ResultStore.open(tmp_path / "s").trials().to_pylist()
    assert again["train_seconds"] > 0.0
    assert kept.stat().st_mtime_ns > written


def test_what_killed_processes_left_is_cleared_but_for_checkpoints_that_may_serve(sweep_copy: Path) -> None:
    done, failed = (trial.trial_id for trial in plan_sweep(make_space()).trials[:2])
    failure = Failure(status="infra", reason="node lost", traceback="")
    publish_failure(ResultStore.open(sweep_copy), failed, failure, attempt=3)
    left = [sweep_copy / "stages" / "0f.partial-1a2b", *(sweep_copy / "checkpoints" / one for one in (done, failed))]
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"x")
    assert _resume(sweep_copy).num_run == 0
    assert [folder.exists() for folder in left] == [False, False, True]


def test_an_infrastructure_failure_is_tried_three_times_and_leaves_the_others_alone(tmp_path: Path) -> None:
    store, plan = begin_sweep(make_space(), tmp_path / "s")
    victim = plan.trials[1]
    blocker = store.folder / "checkpoints" / victim.trial_id
    blocker.parent.mkdir()
    blocker.write_text("a file where a folder has to be")
    outcome = run_missing(
        store, plan.trials, LaunchOptions(resources=make_space().resources, inline=True), silent_console()
    )
    rows = {row["trial_id"]: row for row in store.trials().to_pylist()}
    failed = rows.pop(victim.trial_id)
    assert (failed["status"], failed["attempt"], outcome.exit_status) == ("infra", 3, 1)
    assert "Traceback" in failed["traceback"]
    assert {row["status"] for row in rows.values()} <= {"ok", "degenerate"}


def test_a_failed_shared_stage_is_the_reason_of_its_trials(sweep_copy: Path) -> None:
    plan = plan_sweep(make_space(seeds=2))
    stage = next(trial.plan.shared_stages[1] for trial in plan.trials if len(trial.plan.shared_stages) == 2
                 and trial.plan.spec.seed == 1)  # fmt: skip
    blocker = sweep_copy / "checkpoints" / stage.key
    blocker.parent.mkdir(exist_ok=True)
    blocker.write_text("a file where a folder has to be")
    outcome = run_inline(make_space(seeds=2), sweep_copy)
    rows = {row["trial_id"]: row for row in outcome.store.trials().to_pylist()}
    needing = {trial.trial_id for trial in plan.trials if stage in trial.plan.shared_stages}
    assert {trial_id for trial_id, row in rows.items() if row["status"] == "infra"} == needing
    assert all(stage.key in rows[trial_id]["reason"] for trial_id in needing)


def test_a_sweep_without_its_plan_is_not_taken_for_finished_and_a_launch_mends_it(sweep_copy: Path) -> None:
    shutil.rmtree(sweep_copy / "plan")
    with pytest.raises(StoreError, match=r"no trial is planned.*xlt sweep run SPACE"):
        _resume(sweep_copy)
    outcome = run_inline(make_space(), sweep_copy)
    assert (outcome.num_run, outcome.exit_status) == (0, 0)
    assert sum(outcome.counts.values()) == 4


def test_one_folder_has_one_driver(sweep_copy: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import fcntl; f = open({str(sweep_copy / '.lock')!r}, 'w'); "
         "fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another process"):
            _resume(sweep_copy)
    finally:
        holder.kill()
        holder.wait()
    assert _resume(sweep_copy).num_run == 0


@pytest.mark.slow
def test_a_signal_stops_cleanly_and_says_how_to_resume(sweep_copy: Path) -> None:
    begin_sweep(make_space(seeds=40, axes={"target.perturbation.magnitude": [0.0, 0.5]}), sweep_copy)
    process = subprocess.Popen(
        [sys.executable, "-m", "sweeps.cli", "sweep", "resume", str(sweep_copy), "--inline"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    before = set(row_times(sweep_copy))
    deadline = time.monotonic() + 120
    while set(row_times(sweep_copy)) == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert f"xlt sweep resume {sweep_copy}" in errors
    assert "Traceback" not in errors
    assert ResultStore.open(sweep_copy).deltas().num_rows > 0


def test_a_signal_that_falls_on_a_librarys_thread_leaves_none_that_python_would_wait_for(
    sweep_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, threads = threading.Thread.start, []

    def start_and_be_interrupted(thread: threading.Thread) -> None:
        start(thread)
        if not threads and any("core_model_loading" in frame.filename for frame in traceback.extract_stack()):
            threads.append(thread)
            raise StopSweep("stopped by SIGTERM", is_user_request=True)

    for table in ("trials", "scores"):
        shutil.rmtree(sweep_copy / table)
    monkeypatch.setattr(threading.Thread, "start", start_and_be_interrupted)
    outcome = _resume(sweep_copy)
    assert outcome.exit_status == 130
    (thread,) = threads
    thread.join(10.0)
    assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount a small disk")
def test_a_full_disk_ends_the_sweep_in_one_sentence_and_nothing_is_lost(sweep_copy: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("may not mount a small disk here")
    try:
        folder = shutil.copytree(sweep_copy, disk / "s")
        before = row_times(folder)
        store, plan = begin_sweep(make_space(seeds=2), folder)
        _fill(disk / "ballast")
        outcome = run_missing(
            store, plan.trials, LaunchOptions(resources=make_space().resources, inline=True), silent_console()
        )
        assert outcome.stopped is not None
        assert "disk is full" in outcome.stopped.reason
        assert (outcome.exit_status, outcome.num_run) == (1, 0)
        assert row_times(folder) == before
        (disk / "ballast").unlink()
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        assert _resume(folder).num_run == 4
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # token tables are still mapped


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_a_trial_whose_data_changed_since_it_was_planned_is_not_run_under_its_old_name(tmp_path: Path) -> None:
    write_pair_folder(tmp_path / "data")
    build_encoder().save(tmp_path / "encoder")
    base = {
        "encoder": str(tmp_path / "encoder"),
        "target": {"task": "pawsx", "data": str(tmp_path / "data")},
        "optim": {"num_steps": 2, "batch_size": 4},
        "evaluation": {"languages": ["en"], "max_examples": 4},
    }
    store, _ = begin_sweep(make_space(base=base, axes={}, baseline={}), tmp_path / "out")
    file = tmp_path / "data" / "test-en.tsv"
    file.write_text(file.read_text().replace("w1 ", "w2 ", 1))
    with pytest.raises(StoreError, match=r"1 of 1 trials to run.*planned with other data"):
        _resume(store.folder)
    assert store.finished() == {}
