"""Random draws for disturbances, keyed by (seed, step, example): the same in whatever batch an example comes.

In: a training step. Out: float32 tensors over its packed tokens.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

from xlt_core.data.layout import send
from xlt_core.perturbations.step import TrainingStep
from xlt_core.streams import numpy_generator

Array = npt.NDArray[np.float32]


def draw_normal(step: TrainingStep, sample: int = 0) -> Tensor:
    """Standard normal numbers, (A, T, D); `sample` tells the draws of one step apart."""
    return _draw(step, sample, lambda generator, shape: generator.standard_normal(shape, dtype=np.float32))


def draw_uniform(step: TrainingStep, sample: int = 0) -> Tensor:
    """Uniform numbers in [-1, 1), (A, T, D); `sample` tells the draws of one step apart."""
    return _draw(step, sample, lambda generator, shape: generator.random(shape, dtype=np.float32) * 2.0 - 1.0)


def draw_fractions(step: TrainingStep, granularity: str, sample: int = 0) -> Tensor:
    """One uniform number in [0, 1) a group, given to each of its tokens, (A, T, 1)."""
    rows = []
    for array, seed in enumerate(step.seeds):
        batch = step.batch.part(array)
        if granularity == "batch":
            fraction = numpy_generator(seed, "fraction", step.step, sample).random(dtype=np.float32)
            rows.append(np.full((batch.num_tokens, 1), fraction, dtype=np.float32))
            continue
        drawn = []
        for key, length in zip(batch.example_keys, batch.lengths, strict=True):
            generator = numpy_generator(seed, "fraction", step.step, sample, key)
            num_draws = length if granularity == "token" else 1
            drawn.append(np.broadcast_to(generator.random(num_draws, dtype=np.float32), length))
        rows.append(np.concatenate(drawn)[:, None])
    return _stack(rows, step)


def _draw(step: TrainingStep, sample: int, law: Callable[[np.random.Generator, tuple[int, int]], Array]) -> Tensor:
    rows = []
    for array, seed in enumerate(step.seeds):
        batch = step.batch.part(array)
        drawn = [
            law(numpy_generator(seed, "noise", step.step, sample, key), (length, step.width))
            for key, length in zip(batch.example_keys, batch.lengths, strict=True)
        ]
        rows.append(np.concatenate(drawn))
    return _stack(rows, step)


def _stack(rows: Sequence[Array], step: TrainingStep) -> Tensor:
    """One row a trial, (tokens, D) each, to (A, T, D) with zeros at padding."""
    if len(rows) == 1:
        return send(rows[0][None], step.device)
    stacked = np.zeros((len(rows), step.batch.num_tokens, rows[0].shape[1]), dtype=np.float32)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return send(stacked, step.device)
