"""Where the sequences of a packed batch lie, and how to spread them over padded blocks of nearly equal length.

Legend: A arrays of trials, B sequences, H heads, T tokens of all sequences, P padded tokens.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sequences whose lengths round up to the same width."""

    first_row: int
    """Where the block starts among the rows of the padded layout of one array and one head."""
    width: int
    num_sequences: int
    bias: Tensor | None
    """float32 (num_sequences, 1, width): 0 at tokens, -inf at padding; None where nothing is padded."""

    @property
    def num_rows(self) -> int:
        """Padded tokens in it."""
        return self.width * self.num_sequences


class Segments:
    """The lengths of a packed batch and what follows from them; made once a batch, used by every layer."""

    def __init__(self, lengths: tuple[int, ...], device: torch.device, *, multiple: int) -> None:
        """Lay out sequences of the given `lengths` in blocks whose widths are multiples of `multiple`."""
        self.lengths = lengths
        self.device = device
        self._multiple = multiple
        self._rows: dict[tuple[int, int], Tensor] = {}

    @cached_property
    def positions(self) -> Tensor:
        """Number of each token in its sequence, from 0; int64 (T,)."""
        starts = torch.repeat_interleave(self.cumulative[:-1], self._lengths)
        return torch.arange(sum(self.lengths), device=self.device) - starts

    @cached_property
    def cumulative(self) -> Tensor:
        """Start of each sequence and the end of the last; int64 (B + 1,)."""
        return torch.nn.functional.pad(self._lengths.cumsum(0), (1, 0))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Narrow blocks first."""
        blocks: list[Block] = []
        first_row = 0
        for width in sorted(set(self._widths)):
            lengths = [length for length, own in zip(self.lengths, self._widths, strict=True) if own == width]
            bias = None
            if min(lengths) < width:
                padded = torch.arange(width)[None, :] >= torch.tensor(lengths)[:, None]
                bias = torch.zeros(padded.shape).masked_fill_(padded, -torch.inf)[:, None, :].to(self.device)
            block = Block(first_row=first_row, width=width, num_sequences=len(lengths), bias=bias)
            blocks.append(block)
            first_row += block.num_rows
        return tuple(blocks)

    def rows(self, num_arrays: int, num_heads: int) -> Tensor:
        """Row of the padded layout that each packed row goes to.

        Packed rows are ordered (array, token, head), padded rows (block, array, sequence, head, token), so that every
        block is one contiguous stack of matrices. Int64 (A * T * H,).
        """
        key = (num_arrays, num_heads)
        if key not in self._rows:
            self._rows[key] = self._make_rows(num_arrays, num_heads)
        return self._rows[key]

    def _make_rows(self, num_arrays: int, num_heads: int) -> Tensor:
        first = [0] * len(self.lengths)
        stride = [0] * len(self.lengths)
        for block in self.blocks:
            members = [index for index, width in enumerate(self._widths) if width == block.width]
            for place, index in enumerate(members):
                first[index] = num_heads * (block.first_row * num_arrays + place * block.width)
                stride[index] = num_heads * block.num_rows
        spread = torch.tensor([first, stride, self._widths], device=self.device)
        first_row, array_stride, width = torch.repeat_interleave(spread, self._lengths, dim=1)[:, None, :, None]
        arrays = torch.arange(num_arrays, device=self.device)[:, None, None]
        heads = torch.arange(num_heads, device=self.device)
        rows: Tensor = first_row + arrays * array_stride + heads * width + self.positions[:, None]
        return rows.flatten()

    @cached_property
    def _lengths(self) -> Tensor:
        return torch.tensor(self.lengths, device=self.device)

    @cached_property
    def _widths(self) -> list[int]:
        return [-(-length // self._multiple) * self._multiple for length in self.lengths]
