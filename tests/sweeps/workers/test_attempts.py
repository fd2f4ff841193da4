"""Attempts are counted across deaths of workers, each launch and each kind of unit for itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.units.job import Job
from sweeps.workers.attempts import begin_attempt, count_attempts, count_failure, forget_attempt
from tests.sweeps.engine.test_work import make_filled_work

NUM = 4


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Job:
    work = make_filled_work(tmp_path_factory.mktemp("attempts"), axes={}, seeds=1)
    return work.job_of_trial(next(iter(work.trials)))


@pytest.fixture
def job(made: Job, tmp_path: Path) -> Job:
    return replace(made, place=replace(made.place, folder=str(tmp_path)))


def test_attempts_are_counted_on_the_disk(job: Job) -> None:
    assert count_attempts(job) == 0
    assert [begin_attempt(job), begin_attempt(job)] == [1, 2]
    assert count_attempts(job) == 2


def test_an_attempt_that_is_forgotten_was_none(job: Job) -> None:
    attempt = begin_attempt(job)
    forget_attempt(job, attempt)
    assert begin_attempt(job) == attempt


def test_what_an_earlier_launch_counted_on_a_machine_leaves_this_one_all_of_its_attempts(job: Job) -> None:
    earlier = replace(job, place=replace(job.place, launch_id="before"))
    assert [begin_attempt(earlier) for _ in range(NUM)][-1] == NUM
    assert begin_attempt(job) == 1


def test_the_end_of_a_stopped_trial_has_attempts_of_its_own(job: Job) -> None:
    assert [begin_attempt(job) for _ in range(NUM)][-1] == NUM
    assert count_failure(job) == 1
    end = replace(job, kind="stop")
    assert begin_attempt(end) == 1
    assert count_failure(end) == 1


def test_what_raised_is_counted_apart_from_what_began(job: Job) -> None:
    assert begin_attempt(job) == 1
    assert [count_failure(job), count_failure(job)] == [1, 2]
    assert count_attempts(job) == 1
