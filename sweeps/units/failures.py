"""What went wrong, in a form that fits a row. In: an exception. Out: a `Failure`, and whether to try again."""

import errno
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from results.errors import DiskFullError, ResultsError, StorageError
from xlt_core.errors import XltError
from xlt_core.result import Status

MAX_FAILURES = 3
"""Attempts at a trial or a stage that may raise something before that is its result: it is likely to come again."""

MAX_ATTEMPTS = 10
"""Times that a trial or a stage is begun, whatever became of them: workers and machines may die without its doing."""

FAILED_STATUSES: tuple[Status, ...] = ("diverged", "oom", "infra")
"""Statuses of trials that left no scores; they make the command's exit status 1."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_WRITING = {errno.EROFS}
_NO_MEMORY_TEXTS = ("CUDA out of memory", "DefaultCPUAllocator: can't allocate memory")
_NO_ROOM_TEXT = "No space left on device"  # what libraries written in Rust or C++ leave of the error number


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a trial or a stage has no result."""

    status: Status
    reason: str
    traceback: str
    storage_trouble: str | None = None
    """What is wrong with where results are written: it ends the sweep, since no other trial would fare better."""
    may_retry: bool = True
    """False where another attempt would end the same way."""
    micro_batch_size: int | None = None
    """Of one that ran out of memory: examples in memory at one time when it last did; none: all of a step."""


def describe_failure(error: BaseException) -> Failure:
    """Sort an exception: out of memory, the user's to mend, a full disk, or the infrastructure's."""
    memory = _is_out_of_memory(error)
    trouble = find_storage_trouble(error)
    users = isinstance(error, XltError | ResultsError)
    first_line = _first_line(error)
    return Failure(
        status="oom" if memory else "infra",
        reason=first_line if users else f"{type(error).__name__}: {first_line}",
        traceback="".join(traceback.format_exception(error)),
        storage_trouble=trouble,
        may_retry=not (memory or trouble or users),
    )


def find_storage_trouble(error: BaseException) -> str | None:
    """Say what is wrong with the storage, where that is behind an exception, however it was wrapped; else none."""
    for cause in _causes(error):
        code = cause.errno if isinstance(cause, OSError) else None
        if isinstance(cause, DiskFullError) or code in _NO_ROOM or _NO_ROOM_TEXT in str(cause):
            return f"the disk is full ({_first_line(cause)}); free some space first"
        if isinstance(cause, StorageError) or code in _NO_WRITING:
            return f"the sweep's folder cannot be written or read ({_first_line(cause)})"
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or "no message").splitlines()[0]


def _is_out_of_memory(error: BaseException) -> bool:
    """Host memory, CUDA memory, or Ray's memory monitor; by name, so that neither torch nor ray is imported."""
    return any(
        isinstance(cause, MemoryError)
        or type(cause).__name__ == "OutOfMemoryError"
        or any(text in str(cause) for text in _NO_MEMORY_TEXTS)
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and what it came from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
