"""Attempts at a unit, noted on the disk of the machine that makes them, so that those of killed workers count, too.

In: a job. Out: numbers, of this launch. Scratch: losing them loses nothing.
"""

import os
from pathlib import Path

from sweeps.units.job import Job


def begin_attempt(job: Job) -> int:
    """Note on the disk that an attempt begins, so that a killed one is counted too; give its number, from 1."""
    path = _attempts_path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b".")
        file.flush()
        os.fsync(file.fileno())
    return count_attempts(job)


def count_attempts(job: Job) -> int:
    """Count the attempts of this launch; of a sweep on remote storage those on this machine."""
    path = _attempts_path(job)
    return path.stat().st_size if path.is_file() else 0


def forget_attempt(job: Job, attempt: int) -> None:
    """Take back an attempt that could not begin, through no fault of the unit."""
    os.truncate(_attempts_path(job), attempt - 1)


def count_failure(job: Job) -> int:
    """Note that an attempt raised something, and give how many have: unlike deaths, these are likely to come again."""
    path = _attempts_path(job)
    path = path.with_name(f"{path.name}.raised")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b".")
    return path.stat().st_size


def _attempts_path(job: Job) -> Path:
    """By launch: what an earlier one noted here may be there still. The end of a stopped trial has its own attempts."""
    name = f"{job.unit_id}.stop" if job.kind == "stop" else job.unit_id
    return job.place.scratch / "attempts" / job.place.launch_id / name
