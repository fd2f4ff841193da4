"""Where the sequences of a packed batch lie, and how to spread them over padded blocks of nearly equal length.

Legend: B sequences (of all trials of an array), H heads, T tokens of all sequences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from xlt_core.data.layout import Lengths, send, send_tensor


@dataclass(frozen=True, kw_only=True)
class Block:
    """Sequences whose lengths round up to the same width."""

    first_row: int
    """Where the block starts among the rows of the padded layout of one head."""
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

    def __init__(self, lengths: Lengths, device: torch.device, *, multiple: int) -> None:
        """Lay out sequences of the given `lengths` in blocks whose widths are multiples of `multiple`."""
        self.lengths = lengths
        self.device = device
        self._multiple = multiple
        self._rows: dict[int, Tensor] = {}

    @cached_property
    def cumulative(self) -> Tensor:
        """Start of each sequence and the end of the last; int32 (B + 1,)."""
        return send(np.cumsum((0, *self.lengths), dtype=np.int32), self.device)

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
                bias = torch.zeros(padded.shape).masked_fill_(padded, -torch.inf)[:, None, :]
                bias = send_tensor(bias, self.device)
            block = Block(first_row=first_row, width=width, num_sequences=len(lengths), bias=bias)
            blocks.append(block)
            first_row += block.num_rows
        return tuple(blocks)

    def rows(self, num_heads: int) -> Tensor:
        """Row of the padded layout that each packed row goes to.

        Packed rows are ordered (token, head), padded rows (block, sequence, head, token), so that every block is one
        contiguous stack of matrices. Int64 (T * H,).
        """
        if num_heads not in self._rows:
            self._rows[num_heads] = self._make_rows(num_heads)
        return self._rows[num_heads]

    def _make_rows(self, num_heads: int) -> Tensor:
        widths, lengths = np.array(self._widths), np.array(self.lengths)
        first = np.empty(len(lengths), dtype=np.int64)
        for block in self.blocks:
            members = np.flatnonzero(widths == block.width)
            first[members] = num_heads * (block.first_row + np.arange(len(members)) * block.width)
        positions = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        of_token = np.repeat(first, lengths) + positions
        heads = np.arange(num_heads) * np.repeat(widths, lengths)[:, None]
        return send((of_token[:, None] + heads).ravel(), self.device)

    @cached_property
    def _widths(self) -> list[int]:
        return [-(-length // self._multiple) * self._multiple for length in self.lengths]


class ArraySegments(Segments):
    """The segments of an array's trials one after the other, and those of each by itself."""

    def __init__(self, rows: Sequence[Lengths], num_tokens: int, device: torch.device, *, multiple: int) -> None:
        """Lay out the sequences of A rows of `num_tokens` tokens each; the padding of a row is a sequence, too."""
        made = {row: Segments(row, device, multiple=multiple) for row in rows}
        self.members = tuple(made[row] for row in rows)
        filled = [(*row, num_tokens - sum(row)) if sum(row) < num_tokens else row for row in rows]
        super().__init__(tuple(chain.from_iterable(filled)), device, multiple=multiple)

    @property
    def key(self) -> tuple[tuple[Lengths, ...], torch.device]:
        """Equal for equal layouts."""
        return tuple(member.lengths for member in self.members), self.device
