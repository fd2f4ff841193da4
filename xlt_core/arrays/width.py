"""How many trials train best together on this machine. In: fine-tunings of trials of one array. Out: a number of them.

Measured on gradients of a step that nobody applies: wider is better until the machine is full.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median

import torch

from xlt_core.arrays.objective import ArrayFineTuning, stack_models
from xlt_core.finetune import FineTuning
from xlt_core.memory import is_out_of_memory

_STEP = 1
"""A step at which no loss is probed."""
_MAX_ROUNDS = 3
_STEPS_OF_A_ROUND = 5
"""Of each member, with those that are left out of the time."""
_MOST_SPENT = 0.1
"""Share of the training that measuring may take, but for its first round."""
_LEAST_GAIN = 0.05
"""Share of a trial's time that an array has to save: trials alone are published one by one, as they end."""
_TOLERANCE = 0.03
"""Of two widths that are as quick but for so much, the narrower: it leaves more to other workers."""


def measure_width(tunings: Sequence[FineTuning]) -> int:
    """Time gradients of all members, of half of them and of one, by turns; give the best number of them.

    Args:
        tunings: of all that could train together; their models have parameters of their own.

    Raises:
        SpecError: they cannot be computed together.
    """
    num_members = len(tunings)
    rounds: dict[int, list[float]] = {width: [] for width in sorted({1, num_members // 2, num_members} - {0})}
    for _ in range(_count_rounds(tunings[0])):  # by turns: what else the machine does comes and goes
        for width in list(rounds):
            found = _time_alone(tunings) if width == 1 else _time_together(tunings[:width], num_members // width)
            if found is None:  # no wider one would fit either
                rounds = {narrower: seconds for narrower, seconds in rounds.items() if narrower < width}
                break
            rounds[width].append(found)
    seconds = {width: median(found) for width, found in rounds.items()}
    best = min(seconds.values())
    if best > seconds[1] * (1.0 - _LEAST_GAIN):
        return 1
    return min(width for width, each in seconds.items() if each <= best * (1.0 + _TOLERANCE))


def _count_rounds(tuning: FineTuning) -> int:
    """Fewer where training is short: what is found then matters little, and measuring takes as long as ever."""
    assert tuning.settings.optim is not None, "a canonical stage carries its recipe"
    return min(_MAX_ROUNDS, max(1, int(_MOST_SPENT * tuning.settings.optim.num_steps / _STEPS_OF_A_ROUND)))


def _time_alone(tunings: Sequence[FineTuning]) -> float:
    """Seconds of a trial's step, one after the other."""
    tuning = tunings[0]
    tuning.module.train()
    try:
        return _time(lambda: tuning.backward(_STEP), len(tunings), tuning.device)
    finally:
        tuning.module.zero_grad(set_to_none=True)


def _time_together(tunings: Sequence[FineTuning], num_steps: int) -> float | None:
    """Seconds of a trial's step in an array of all; none where they are too many for the memory."""
    stack = stack_models(tunings)
    try:
        objective = ArrayFineTuning(tunings, stack)
        stack.model.train()

        def differentiate() -> None:
            stack.forget_gradients()
            objective.backward(_STEP)

        return _time(differentiate, num_steps, tunings[0].device) / len(tunings)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return None
    finally:
        stack.release()


def _time(compute: Callable[[], object], num_times: int, device: torch.device) -> float:
    """Mean seconds of some runs, after one that is left out."""
    compute()
    _wait(device)
    started = time.perf_counter()
    for _ in range(num_times):
        compute()
    _wait(device)
    return (time.perf_counter() - started) / num_times


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
