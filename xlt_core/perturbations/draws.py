"""Random draws for disturbances, keyed by (seed, step, example): the same in whatever batch an example comes.

In: a training step. Out: float32 tensors over its packed tokens.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xlt_core.perturbations.base import TrainingStep
from xlt_core.streams import numpy_generator

Array = npt.NDArray[np.float32]


def draw_normal(step: TrainingStep) -> Tensor:
    """Standard normal numbers, (1, T, D)."""
    return _draw(step, "noise", lambda generator, shape: generator.standard_normal(shape, dtype=np.float32))


def draw_uniform(step: TrainingStep) -> Tensor:
    """Uniform numbers in [-1, 1), (1, T, D)."""
    return _draw(step, "noise", lambda generator, shape: generator.random(shape, dtype=np.float32) * 2.0 - 1.0)


def draw_fractions(step: TrainingStep, granularity: str) -> Tensor:
    """One uniform number in [0, 1) a group, given to each of its tokens, (1, T, 1)."""
    lengths = step.batch.lengths
    if granularity == "batch":
        fraction = numpy_generator(step.seed, "fraction", step.step).random(dtype=np.float32)
        values = np.full(sum(lengths), fraction, dtype=np.float32)
    else:
        drawn = []
        for key, length in zip(step.batch.example_keys, lengths, strict=True):
            generator = numpy_generator(step.seed, "fraction", step.step, key)
            num_draws = length if granularity == "token" else 1
            drawn.append(np.broadcast_to(generator.random(num_draws, dtype=np.float32), length))
        values = np.concatenate(drawn)
    return torch.from_numpy(values).to(step.batch.input_ids.device)[None, :, None]


def _draw(step: TrainingStep, stream: str, law: Callable[[np.random.Generator, tuple[int, int]], Array]) -> Tensor:
    rows = [
        law(numpy_generator(step.seed, stream, step.step, key), (length, step.embedding_width))
        for key, length in zip(step.batch.example_keys, step.batch.lengths, strict=True)
    ]
    return torch.from_numpy(np.concatenate(rows)).to(step.batch.input_ids.device)[None]
