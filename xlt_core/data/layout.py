"""Where the sequences of packed tokens lie, as index tensors. In: lengths. Out: ways from tokens to sequences and back.

Legend: A arrays of trials, M 1 where one layout is for all of them, else A; B sequences, T tokens of the longest row.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Lengths = tuple[int, ...]


class Layout:
    """The sequences of a batch. Its tensors are made on the host and sent once, without waiting for the device."""

    def __init__(self, lengths: Sequence[Lengths], device: torch.device) -> None:
        """Lay out M rows of B sequences each; rows with fewer tokens than others end in padding."""
        self.lengths = tuple(lengths)
        self.device = device
        self.num_sequences = len(self.lengths[0])
        """B."""
        self._sums = [sum(row) for row in self.lengths]
        self.num_tokens = max(self._sums)
        """T."""
        self.longest = max(map(max, self.lengths))
        """Tokens of the longest sequence."""

    @cached_property
    def counts(self) -> Tensor:
        """Tokens of each sequence, int64 (M, B)."""
        return send(np.array(self.lengths, dtype=np.int64), self.device)

    @cached_property
    def starts(self) -> Tensor:
        """First token of each sequence, int64 (M, B)."""
        return send(self._starts, self.device)

    @cached_property
    def owners(self) -> Tensor:
        """Sequence of each token, B at padding; int64 (M, T)."""
        rows = [np.repeat(np.arange(self.num_sequences), row) for row in self.lengths]
        return send(self._pad(rows, self.num_sequences), self.device)

    @cached_property
    def places(self) -> Tensor:
        """Number of each token in its sequence, from 0; 0 at padding; int64 (M, T)."""
        rows = [np.concatenate([np.arange(length) for length in row]) for row in self.lengths]
        return send(self._pad(rows, 0), self.device)

    @cached_property
    def is_token(self) -> Tensor:
        """bool (M, T): false at padding."""
        return send(np.arange(self.num_tokens) < np.array(self._sums)[:, None], self.device)

    @property
    def has_padding(self) -> bool:
        """Whether some rows are shorter than others."""
        return min(self._sums) < self.num_tokens

    def take_first(self, values: Tensor) -> Tensor:
        """The first token of each sequence, (A, T, ...) to (A, B, ...)."""
        if len(self.lengths) == 1:
            return values[:, self.starts[0]]
        arrays = torch.arange(values.shape[0], device=values.device)[:, None]
        return values[arrays, self.starts]

    def sum_tokens(self, values: Tensor) -> Tensor:
        """The sum over the tokens of each sequence, (A, T, D) to (A, B, D)."""
        num_arrays, _, width = values.shape
        if len(self.lengths) == 1:
            return values.new_zeros(num_arrays, self.num_sequences, width).index_add(1, self.owners[0], values)
        stride = self.num_sequences + 1  # one more for padding
        arrays = torch.arange(num_arrays, device=values.device)[:, None]
        owners = (self.owners + stride * arrays).flatten()
        sums = values.new_zeros(num_arrays * stride, width).index_add(0, owners, values.flatten(0, 1))
        return sums.view(num_arrays, stride, width)[:, :-1]

    def spread(self, values: Tensor) -> Tensor:
        """Give each token what its sequence has, (A, B, D) to (A, T, D); padding gets what the last one has."""
        owners = self.owners.clamp_max(self.num_sequences - 1)
        if len(self.lengths) == 1:
            return values.index_select(1, owners[0])
        arrays = torch.arange(values.shape[0], device=values.device)[:, None]
        return values[arrays, owners]

    @property
    def _starts(self) -> npt.NDArray[np.int64]:
        lengths = np.array(self.lengths, dtype=np.int64)
        starts: npt.NDArray[np.int64] = lengths.cumsum(1) - lengths
        return starts

    def _pad(self, rows: Sequence[npt.NDArray[np.int64]], value: int) -> npt.NDArray[np.int64]:
        padded = np.full((len(rows), self.num_tokens), value, dtype=np.int64)
        for place, row in enumerate(rows):
            padded[place, : len(row)] = row
        return padded


def send(values: npt.NDArray[np.generic], device: torch.device) -> Tensor:
    """An array as a tensor on a device; from pinned memory where that is a GPU, so that nobody waits for the copy."""
    return send_tensor(torch.from_numpy(values), device)


def send_tensor(values: Tensor, device: torch.device) -> Tensor:
    """`send` for what is a tensor already; one that is there stays as it is."""
    if device.type == "cuda" and values.device.type == "cpu":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)
