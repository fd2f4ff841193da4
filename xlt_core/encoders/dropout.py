"""Dropout whose masks are quick to draw on a CPU, where torch draws them one number at a time on one thread.

In: torch's default generator, which gives each mask its key. Out: masks that `torch.manual_seed` fixes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

_NUM_LEVELS = 1 << 16
_LOWEST_LEVEL = -(1 << 15)


class KeepMask(NamedTuple):
    """Which elements a dropout keeps."""

    kept: Tensor
    """uint8, 1 where kept: a byte an element until the backward pass."""
    factor: float
    """What keeps the mean."""

    def apply(self, values: Tensor) -> Tensor:
        """Values times 0 or the factor, in memory of their own."""
        keep = torch.empty_like(values, memory_format=torch.contiguous_format)
        return keep.copy_(self.kept).mul_(self.factor).mul_(values)


class SharedMasks:
    """Masks that several trials of an array draw alike; each is kept until the last of them has it."""

    num_sharing: int = 1
    """Trials that draw what is drawn now."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, torch.Size, float], tuple[KeepMask, int]] = {}

    def take(self, key: int, shape: torch.Size, dropout: float) -> KeepMask:
        """The mask of a key, made for the first of those that share it."""
        if self.num_sharing == 1:
            return _make_keep_mask(key, shape, dropout)
        name = key, shape, dropout
        if name not in self._waiting:
            self._waiting[name] = _make_keep_mask(*name), self.num_sharing
        mask, num_left = self._waiting.pop(name)
        if num_left > 1:
            self._waiting[name] = mask, num_left - 1
        return mask

    def forget(self) -> None:
        """Keep none: of trials that share a seed some may have read other examples."""
        self._waiting.clear()


def draw_keep_mask(shape: torch.Size, dropout: float, shared: SharedMasks | None = None) -> KeepMask:
    """Draw 0 with the probability `dropout`, else 1 (CPU).

    16 random bits an element: the probability is rounded to a multiple of 1/65536 and the factor goes with it.

    Args:
        shape: of the mask.
        dropout: below 1.
        shared: of an array of trials; none: of one alone.
    """
    key = int(torch.randint(torch.iinfo(torch.int64).max, ()))
    return _make_keep_mask(key, shape, dropout) if shared is None else shared.take(key, shape, dropout)


def _make_keep_mask(key: int, shape: torch.Size, dropout: float) -> KeepMask:
    num_dropped_levels = round(dropout * _NUM_LEVELS)
    num_elements = shape.numel()
    words = np.random.SFC64(key).random_raw(-(-num_elements // 4))
    levels = words.view(np.int16)[:num_elements]
    kept = np.greater_equal(levels, np.int16(_LOWEST_LEVEL + num_dropped_levels))
    return KeepMask(torch.from_numpy(kept.view(np.uint8)).view(shape), _NUM_LEVELS / (_NUM_LEVELS - num_dropped_levels))


class QuickDropout(nn.Dropout):
    """`torch.nn.Dropout` with quickly drawn masks on a CPU; the same elsewhere."""

    shared: SharedMasks | None = None
    """Of an array of trials; none: of one alone."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Drop elements of any shape; nothing when evaluating."""
        if not self.training or self.p == 0.0:
            return hidden
        if self.p == 1.0 or hidden.device.type != "cpu":
            return super().forward(hidden)
        dropped: Tensor = _Dropped.apply(hidden, self.p, self.shared)  # type: ignore[no-untyped-call]
        return dropped


class _Dropped(torch.autograd.Function):
    """Elements times their mask; only the bytes of the mask are kept for the backward pass."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, dropout: float, shared: SharedMasks | None) -> Tensor:
        mask = draw_keep_mask(hidden.shape, dropout, shared)
        ctx.save_for_backward(mask.kept)
        ctx.factor = mask.factor
        return mask.apply(hidden)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        (kept,) = ctx.saved_tensors
        return KeepMask(kept, ctx.factor).apply(gradient), None, None


def seed_masks(seed: int, device: torch.device) -> None:
    """Fix the masks that are drawn next on a device.

    `torch.manual_seed` seeds all kinds of devices, and for one that is not there it looks up the stack of its caller:
    as long as a twentieth of a small model's step.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


class DropoutStreams:
    """The random streams of an array of trials: what a member draws inside `of` is what it would draw alone."""

    def __init__(self, num_arrays: int, device: torch.device) -> None:
        self._device = device
        self._states = [self._read()] * num_arrays
        self._num_alike = [1] * num_arrays
        """Members that have the seed of each, itself among them."""
        self.shared = SharedMasks()
        self._num_tokens: tuple[int, ...] = ()

    def follow(self, num_tokens: Sequence[int]) -> None:
        """Hear how many tokens of its row each member has of its own."""
        self._num_tokens = tuple(num_tokens)

    def count_own(self, array: int, size: int) -> int:
        """How many of a row's `size` elements are a member's own: rows of the longest member's size end in padding."""
        is_tokens = bool(self._num_tokens) and size == max(self._num_tokens)
        return self._num_tokens[array] if is_tokens else size

    def seed(self, seeds: Sequence[int]) -> None:
        """Begin the stream of each member anew, as `seed_masks` would."""
        self.shared.forget()
        self._num_alike = [seeds.count(seed) for seed in seeds]
        with self._default_kept():
            for array, seed in enumerate(seeds):
                seed_masks(seed, self._device)
                self._states[array] = self._read()

    @contextmanager
    def of(self, array: int) -> Iterator[None]:
        """While the context lasts, let torch's default generator be that of one member."""
        with self._default_kept():
            self._write(self._states[array])
            self.shared.num_sharing = self._num_alike[array]
            try:
                yield
            finally:
                self.shared.num_sharing = 1
            self._states[array] = self._read()

    @contextmanager
    def _default_kept(self) -> Iterator[None]:
        before = self._read()
        try:
            yield
        finally:
            self._write(before)

    def _read(self) -> Tensor:
        return torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else torch.get_rng_state()

    def _write(self, state: Tensor) -> None:
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(state, self._device)
        else:
            torch.set_rng_state(state)
