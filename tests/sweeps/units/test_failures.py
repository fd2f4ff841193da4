"""Exceptions are sorted by what can be done about them."""

import errno

import pytest
import torch

from results.errors import DiskFullError, StorageError
from sweeps.units.failures import describe_failure, find_storage_trouble
from xlt_core.errors import DataError


@pytest.mark.parametrize(
    ("error", "status", "may_retry"),
    [
        (RuntimeError("lost the node"), "infra", True),
        (OSError(errno.EIO, "read failed"), "infra", True),
        (DataError("labels stripped"), "infra", False),
        (MemoryError(), "oom", False),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "oom", False),
        (RuntimeError("CUDA out of memory"), "oom", False),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "oom", False),
        (OSError(errno.ENOSPC, "No space left on device"), "infra", False),
    ],
)
def test_status_and_retry_follow_the_cause(error: Exception, status: str, may_retry: bool) -> None:
    failure = describe_failure(error)
    assert (failure.status, failure.may_retry) == (status, may_retry)
    assert failure.reason.strip()


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "whatever"),
        OSError(errno.EDQUOT, "quota"),
        DiskFullError("no room left"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_found_behind_any_wrapping(cause: Exception) -> None:
    wrapped = RuntimeError("saving failed")
    wrapped.__cause__ = cause
    assert "the disk is full" in (find_storage_trouble(wrapped) or "")
    assert find_storage_trouble(RuntimeError("saving failed")) is None


@pytest.mark.parametrize("cause", [OSError(errno.EROFS, "Read-only file system"), StorageError("s3://b: no answer")])
def test_storage_that_takes_nothing_is_no_fault_of_a_trial(cause: Exception) -> None:
    failure = describe_failure(cause)
    assert not failure.may_retry
    assert "the sweep's folder cannot be written or read" in (failure.storage_trouble or "")


def test_a_users_mistake_is_told_in_its_own_words() -> None:
    assert describe_failure(DataError("labels stripped\nmore")).reason == "labels stripped"


def test_an_exception_that_is_its_own_cause_ends() -> None:
    error = RuntimeError("loop")
    error.__context__ = error
    assert describe_failure(error).status == "infra"
