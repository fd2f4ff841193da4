"""Jobs are plain values, attempts are counted across deaths, a published trial is not run again."""

import json
import os
from pathlib import Path

from results.store import ResultStore
from sweeps.execute import Job, begin_attempt, count_attempts, published_status
from sweeps.plan import collect_shared_stages, plan_sweep
from tests.sweeps.factories import make_space
from xlt_core.plan import Stage, TrialPlan
from xlt_core.spec import TrialSpec


def test_a_job_survives_json_and_holds_all_that_is_needed(tmp_path: Path) -> None:
    trials = plan_sweep(make_space()).trials
    job = Job.of_trial(trials[-1], tmp_path, 2)
    again = Job(**json.loads(json.dumps(job.as_config())))
    assert again == job
    assert TrialPlan.model_validate_json(again.payload) == trials[-1].plan
    assert (again.workspace.root, again.workspace.num_threads) == (tmp_path, 2)
    assert again.workspace.micro_batch_size is None
    shared = collect_shared_stages(trials)[-1]
    of_stage = Job.of_stage(shared, tmp_path, 1, micro_batch_size=4)
    assert of_stage.workspace.micro_batch_size == 4
    assert Stage.model_validate_json(of_stage.payload) == shared.stage
    assert TrialSpec.model_validate_json(of_stage.spec) == shared.spec


def test_attempts_are_counted_on_the_disk(tmp_path: Path) -> None:
    job = Job.of_trial(plan_sweep(make_space()).trials[0], tmp_path, 1)
    assert count_attempts(job) == 0
    assert [begin_attempt(job), begin_attempt(job)] == [1, 2]
    assert count_attempts(job) == 2


def test_a_row_counts_as_published_only_by_the_last_attempt(sweep_copy: Path) -> None:
    trial = plan_sweep(make_space()).trials[0]
    job = Job.of_trial(trial, sweep_copy, 1)
    row = sweep_copy / "trials" / f"{trial.trial_id}.parquet"
    (sweep_copy / "ray" / "attempts" / trial.trial_id).unlink(missing_ok=True)
    assert published_status(job) is None  # of an earlier launch, now to be run again
    begin_attempt(job)
    now = (sweep_copy / "ray" / "attempts" / trial.trial_id).stat().st_mtime_ns
    os.utime(row, ns=(now - 1, now - 1))
    assert published_status(job) is None
    os.utime(row, ns=(now + 1, now + 1))
    assert published_status(job) == ResultStore.open(sweep_copy).finished()[trial.trial_id]
