"""How many trials train best together on this machine. In: fine-tunings of trials of one array. Out: a number of them.

Measured on gradients of a step that nobody applies: wider is better until the machine is full.
"""

import time
from collections.abc import Callable, Sequence

import torch

from xlt_core.arrays.objective import ArrayFineTuning
from xlt_core.arrays.stacking import ModelStack
from xlt_core.finetune import FineTuning
from xlt_core.memory import is_out_of_memory

_STEP = 1
"""A step at which no loss is probed."""
_NUM_TIMED = 2
_LEAST_GAIN = 0.05
"""Share of a trial's time that an array has to save: trials alone are published one by one, as they end."""
_TOLERANCE = 0.03
"""Of two widths that are as quick but for so much, the narrower: it leaves more to other workers."""


def measure_width(tunings: Sequence[FineTuning]) -> int:
    """Time gradients of all members, of half of them and of one; give the best number of them.

    Args:
        tunings: of all that could train together; their models have parameters of their own.

    Raises:
        SpecError: they cannot be computed together.
    """
    num_members = len(tunings)
    seconds = {1: _time_alone(tunings[0])}
    for width in sorted({num_members, num_members // 2} - {0, 1}):
        found = _time_together(tunings[:width])
        if found is None:
            break
        seconds[width] = found / width
    best = min(seconds.values())
    if best > seconds[1] * (1.0 - _LEAST_GAIN):
        return 1
    return min(width for width, each in seconds.items() if each <= best * (1.0 + _TOLERANCE))


def _time_alone(tuning: FineTuning) -> float:
    tuning.module.train()
    try:
        return _time(lambda: tuning.backward(_STEP), tuning.device)
    finally:
        tuning.module.zero_grad(set_to_none=True)


def _time_together(tunings: Sequence[FineTuning]) -> float | None:
    """Seconds of a step of all; none where they are too many for the memory."""
    stack = ModelStack([tuning.module for tuning in tunings])
    try:
        objective = ArrayFineTuning(tunings, stack)
        stack.model.train()

        def differentiate() -> None:
            stack.forget_gradients()
            objective.backward(_STEP)

        return _time(differentiate, tunings[0].device)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return None
    finally:
        stack.release()


def _time(compute: Callable[[], object], device: torch.device) -> float:
    """Seconds of the quickest of some runs, the first left out."""
    compute()
    seconds = []
    for _ in range(_NUM_TIMED):
        _wait(device)
        started = time.perf_counter()
        compute()
        _wait(device)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
