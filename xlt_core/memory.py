"""What is done about memory that runs out: take less of it at one time, cap it, measure it.

In: what is to be computed. Out: its value, computed in smaller parts where it did not fit as a whole.
"""

import gc
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import EvaluationBatch, Indices, evaluation_batches
from xlt_core.data.tokens import TokenTable

T = TypeVar("T")

_MESSAGES = ("CUDA out of memory", "DefaultCPUAllocator: can't allocate memory", "not enough memory")
"""Of errors that torch raises as plain RuntimeError."""
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc(5)


class Parted(Protocol):
    """What takes its examples into memory some at a time."""

    micro_batch_size: int | None
    """Examples in memory at one time; none: they cannot be parted."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a computation may fit if less of it is in memory at one time."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(message in str(error) for message in _MESSAGES)


def fit_in_memory(compute: Callable[[], T], halve: Callable[[], bool]) -> T:
    """Compute; where memory runs out, take less at one time and compute again from the start.

    Args:
        compute: may be begun several times.
        halve: lets `compute` take half as much at one time from now on; false where it can take no less.

    Raises:
        Exception: what `compute` raised, where it is about something else or no less can be taken.
    """
    while True:
        try:
            return compute()
        except Exception as error:
            if not is_out_of_memory(error) or not halve():
                raise
        free_memory()  # here, where the error and all that its frames held are gone


def halve_micro_batch(parted: Parted) -> bool:
    """Let half as many examples into memory at one time; false where they cannot be parted, or are taken one by one."""
    if parted.micro_batch_size is None or parted.micro_batch_size <= 1:
        return False
    parted.micro_batch_size //= 2
    return True


class Computed(NamedTuple, Generic[T]):
    """What was made of one batch."""

    made: EvaluationBatch
    value: T


def compute_batches(
    table: TokenTable,
    compute: Callable[[PackedBatch], T],
    device: torch.device,
    *,
    max_tokens: int,
    rows: Indices | None = None,
) -> Iterator[Computed[T]]:
    """Run through a table batch by batch; where memory runs out, go on in batches of half as many tokens.

    Args:
        table: of the split.
        compute: what is made of a batch on `device`.
        device: where the model is.
        max_tokens: of a batch; a longer example has one of its own.
        rows: of the table, rising; none given: all.

    Raises:
        Exception: what `compute` raised, where it is about something else or a batch had one example only.
    """
    left = np.arange(len(table)) if rows is None else rows
    while len(left):
        done: list[Indices] = []
        for made in evaluation_batches(table, max_tokens, left):
            try:
                value = compute(made.batch.to(device))
            except Exception as error:
                if not is_out_of_memory(error) or len(made.indices) == 1:
                    raise
                max_tokens = made.batch.num_tokens // 2
                break
            done.append(made.indices)
            yield Computed(made, value)
        else:
            return
        free_memory()
        left = np.setdiff1d(left, np.concatenate(done)) if done else left


def free_memory() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def cap_memory(fraction: float | None) -> None:
    """Let this process have a part of the current GPU's memory, none: all of it; no CPU has such a cap."""
    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(1.0 if fraction is None else fraction)


def reset_peak() -> None:
    """Measure the peak from here on; where the system does not let us, a CPU's is that of the process's whole life."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK, encoding="ascii")


def measure_peak_bytes(device: torch.device) -> int:
    """Most memory since `reset_peak`: what torch had reserved of a GPU, or what the whole process took."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else 1024 * largest
