"""A packed batch: the tokens of all its sequences in one row, without padding, and the segment lengths.

Legend of shapes here and wherever batches go: A arrays of trials, B sequences of the batch, T tokens of all its
sequences (in an array: of the member with the most), D hidden size, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from xlt_core.data.layout import Layout, send_tensor

IGNORED_LABEL = -100
"""Label of a token that is not scored; what `torch.nn.functional.cross_entropy` ignores."""
_ROWS = ("input_ids", "token_type_ids", "content_mask", "labels")
"""Tensors of a batch, one row a trial."""


@dataclass(frozen=True, kw_only=True)
class PackedBatch:
    """Tokens of B sequences, one after the other."""

    input_ids: Tensor
    """int64, shape (A, T)."""
    lengths: tuple[int, ...]
    """Tokens of each of the B sequences; their sum is T. Empty where members have lengths of their own."""
    token_type_ids: Tensor
    """int64, shape (A, T): 0 for the first text and its specials, 1 for the second; used by encoders that read it."""
    content_mask: Tensor
    """bool, shape (A, T): False at special tokens."""
    labels: Tensor
    """int64, shape (A, U), one a unit.

    Tagging: U = T, IGNORED_LABEL at all but first sub-words. Windows: U = 2 B, the places of the answer's first and
    last token in each sequence. All others: one a row of `num_sequences_per_row` sequences.
    """
    example_keys: tuple[int, ...]
    """One number a sequence, the same in whatever batch it comes; keys the noise."""
    language: str
    num_sequences_per_row: int = 1
    members: tuple["PackedBatch", ...] = ()
    """What this was stacked of, one batch a trial, wherever that is; empty: all trials read the same examples."""

    @cached_property
    def layout(self) -> Layout:
        """Where the sequences lie."""
        rows = [member.lengths for member in self.members] or [self.lengths]
        return Layout(rows, self.input_ids.device)

    def part(self, array: int) -> "PackedBatch":
        """The examples of one trial of the array, without its padding; the batch itself where all read the same."""
        if not self.members:
            return self
        own = self.members[array]
        rows: dict[str, Any] = {
            name: getattr(self, name)[array : array + 1, : getattr(own, name).shape[1]] for name in _ROWS
        }
        return replace(own, **rows)

    def join(self, other: "PackedBatch") -> "PackedBatch":
        """The sequences of this batch and then those of another of the same language."""
        return replace(
            self,
            input_ids=torch.cat([self.input_ids, other.input_ids], 1),
            lengths=self.lengths + other.lengths,
            token_type_ids=torch.cat([self.token_type_ids, other.token_type_ids], 1),
            content_mask=torch.cat([self.content_mask, other.content_mask], 1),
            labels=torch.cat([self.labels, other.labels], 1),
            example_keys=self.example_keys + other.example_keys,
        )

    @property
    def num_tokens(self) -> int:
        """T."""
        return self.layout.num_tokens

    @property
    def num_sequences(self) -> int:
        """B."""
        return self.layout.num_sequences

    @property
    def num_units(self) -> Tensor:
        """Labelled units of each trial, float32 (A,)."""
        return (self.labels != IGNORED_LABEL).sum(-1).float()

    def to(self, device: torch.device) -> "PackedBatch":
        """The same batch on another device."""
        sent: dict[str, Any] = {name: send_tensor(getattr(self, name), device) for name in _ROWS}
        return replace(self, **sent)


def stack_members(members: Sequence[PackedBatch]) -> PackedBatch:
    """One batch of A trials, each with examples of its own; shorter rows end in padding that nothing looks at.

    Args:
        members: A batches of one trial each, all with B sequences.
    """
    first = members[0]

    def stack(name: str, padding: int) -> Tensor:
        rows = [getattr(member, name)[0] for member in members]
        width = max(map(len, rows))
        return torch.stack([functional.pad(row, (0, width - len(row)), value=padding) for row in rows])

    return replace(
        first,
        input_ids=stack_ids(members),
        lengths=(),
        token_type_ids=stack("token_type_ids", 0),
        content_mask=stack("content_mask", 0),
        labels=stack("labels", IGNORED_LABEL),
        example_keys=(),
        members=tuple(members),
    )


def stack_ids(members: Sequence[PackedBatch]) -> Tensor:
    """Token ids, (A, T); a row's padding repeats its first token, which every vocabulary has."""
    rows = [member.input_ids[0] for member in members]
    width = max(map(len, rows))
    return torch.stack([torch.cat([row, row[:1].expand(width - len(row))]) for row in rows])
