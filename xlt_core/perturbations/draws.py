"""Random draws for disturbances, keyed by (seed, step, example): the same in whatever batch an example comes.

In: a training step. Out: float32 tensors over its packed tokens.
"""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.data.layout import send
from xlt_core.perturbations.step import Array, TrainingStep
from xlt_core.streams import numpy_generator

_FEWEST_SHARED = 1 << 18
"""Numbers of a batch; fewer are drawn before threads have started."""


def draw_normal(step: TrainingStep, sample: int = 0) -> Tensor:
    """Standard normal numbers, (A, T, D); `sample` tells the draws of one step apart."""
    return _draw(step, "normal", sample)


def draw_uniform(step: TrainingStep, sample: int = 0) -> Tensor:
    """Uniform numbers in [-1, 1), (A, T, D); `sample` tells the draws of one step apart."""
    return _draw(step, "uniform", sample)


def draw_fractions(step: TrainingStep, granularity: str, sample: int = 0) -> Tensor:
    """One uniform number in [0, 1) a group, given to each of its tokens, (A, T, 1)."""

    def make(seed: int, batch: PackedBatch) -> Array:
        if granularity == "batch":
            fraction = numpy_generator(seed, "fraction", step.step, sample).random(dtype=np.float32)
            return np.full((batch.num_tokens, 1), fraction, dtype=np.float32)
        drawn = []
        for key, length in zip(batch.example_keys, batch.lengths, strict=True):
            generator = numpy_generator(seed, "fraction", step.step, sample, key)
            num_draws = length if granularity == "token" else 1
            drawn.append(np.broadcast_to(generator.random(num_draws, dtype=np.float32), length))
        return np.concatenate(drawn)[:, None]

    return _draw_rows(step, ("fraction", granularity, sample), make)


def _draw(step: TrainingStep, law: Literal["normal", "uniform"], sample: int) -> Tensor:
    def make(seed: int, batch: PackedBatch) -> Array:
        def make_example(key: int, length: int) -> Array:
            generator, shape = numpy_generator(seed, "noise", step.step, sample, key), (length, step.width)
            if law == "normal":
                return generator.standard_normal(shape, dtype=np.float32)
            return generator.random(shape, dtype=np.float32) * 2.0 - 1.0

        num_threads = torch.get_num_threads()
        if num_threads == 1 or batch.num_tokens * step.width < _FEWEST_SHARED:
            return np.concatenate([*map(make_example, batch.example_keys, batch.lengths)])
        with ThreadPoolExecutor(num_threads) as threads:  # numpy draws without Python's lock
            return np.concatenate([*threads.map(make_example, batch.example_keys, batch.lengths)])

    return _draw_rows(step, (law, sample), make)


def _draw_rows(step: TrainingStep, what: Hashable, make: Callable[[int, PackedBatch], Array]) -> Tensor:
    """A row a trial; trials with one seed and the same examples have the same row, which is drawn once."""
    rows = []
    for array, seed in enumerate(step.seeds):
        batch = step.batch.part(array)
        key = (what, seed, batch.example_keys, batch.lengths)
        if key not in step.draws:
            step.draws[key] = make(seed, batch)
        rows.append(step.draws[key])
    return _stack(rows, step)


def _stack(rows: Sequence[Array], step: TrainingStep) -> Tensor:
    """One row a trial, (tokens, D) each, to (A, T, D) with zeros at padding."""
    if len(rows) == 1:
        return send(rows[0][None], step.device)
    stacked = np.zeros((len(rows), step.batch.num_tokens, rows[0].shape[1]), dtype=np.float32)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return send(stacked, step.device)
