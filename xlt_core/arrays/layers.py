"""Layers of an array of trials: what transformers' own modules are exchanged for. In: stacked weights, (A, ...) each.

Each computes for every trial what its own layer would, on a CPU to the last bit.

Legend: A arrays of trials, T tokens, D features in, E features out, V rows of a table.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.encoders.dropout import DropoutStreams, QuickDropout
from xlt_core.encoders.linear import differentiate_rows, map_rows


class StackedLinear(nn.Module):
    """A linear layer of each trial: weights (A, E, D), biases (A, E)."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, streams: DropoutStreams) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self._streams = streams

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (A, T, D) to (A, T, E); on a CPU 0 at padding."""
        if hidden.is_cuda or torch.is_autocast_enabled(hidden.device.type):
            if self.bias is None:
                return torch.bmm(hidden, self.weight.transpose(1, 2))
            return torch.baddbmm(self.bias[:, None], hidden, self.weight.transpose(1, 2))
        counts = [self._streams.count_own(array, hidden.shape[1]) for array in range(len(hidden))]
        mapped: Tensor = _StackedMap.apply(hidden, self.weight, self.bias, counts)  # type: ignore[no-untyped-call]
        return mapped


class _StackedMap(torch.autograd.Function):
    """Each trial's own rows of (A, T, D) by its own weight, one product after the other, as each would alone."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, counts: Sequence[int]) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        ctx.counts = counts
        biases = [None] * len(weight) if bias is None else bias
        return stack_rows(
            [map_rows(row[:count], *layer) for row, count, *layer in zip(hidden, counts, weight, biases, strict=True)],
            hidden.shape[1],
        )

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:3]
        found = [
            differentiate_rows(row[:count], own, gradient[:count], wanted)
            for row, own, gradient, count in zip(hidden, weight, gradients[0], ctx.counts, strict=True)
        ]
        rows, weights, biases = zip(*found, strict=True)
        return (
            stack_rows(rows, hidden.shape[1]) if wanted[0] else None,
            torch.stack(weights) if wanted[1] else None,
            torch.stack(biases) if wanted[2] else None,
            None,
        )


def stack_rows(rows: Sequence[Tensor], num_rows: int) -> Tensor:
    """Rows (T', E) of each trial as (A, T, E), with 0 where one has fewer."""
    return torch.stack(
        [own if len(own) == num_rows else functional.pad(own, (0, 0, 0, num_rows - len(own))) for own in rows]
    )


class StackedLayerNorm(nn.Module):
    """A layer norm of each trial: weights and biases (A, D)."""

    def __init__(
        self, weight: nn.Parameter, bias: nn.Parameter | None, epsilon: float, streams: DropoutStreams
    ) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self._epsilon = epsilon
        self._streams = streams

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise (A, T, D) over its last dimension; on a CPU 0 at padding, which would part the sums otherwise."""
        biases = [None] * len(hidden) if self.bias is None else self.bias
        rows = []
        for array, (row, weight, bias) in enumerate(zip(hidden, self.weight, biases, strict=True)):
            own = row if row.is_cuda else row[: self._streams.count_own(array, len(row))]
            rows.append(functional.layer_norm(own, own.shape[-1:], weight, bias, self._epsilon))
        return stack_rows(rows, hidden.shape[1])


class StackedEmbedding(nn.Module):
    """A table of each trial: weights (A, V, D)."""

    rows: Tensor | None
    """int64: the row of each id of the whole table, where the tables have some of its rows only."""

    def __init__(self, weight: nn.Parameter, padding_idx: int | None, rows: Tensor | None = None) -> None:
        super().__init__()
        self.weight = weight
        self.num_embeddings, self.embedding_dim = weight.shape[1:]
        self._padding_idx = padding_idx
        self.register_buffer("rows", rows, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Look up ids (M, T) of each trial, or with M = 1 of all of them alike: (A, T, D)."""
        ids = ids if self.rows is None else self.rows[ids]
        num_arrays = len(self.weight)
        first = torch.arange(num_arrays, device=ids.device)[:, None] * self.num_embeddings
        table = self.weight.flatten(0, 1)
        looked_up = functional.embedding(first + ids, table)
        if self._padding_idx is None:
            return looked_up
        is_padding = (ids == self._padding_idx)[..., None]  # its row gets no gradient, as in torch's own layer
        return torch.where(is_padding, looked_up.detach(), looked_up)


class StackedDropout(nn.Dropout):
    """The dropout of each trial, with the masks that it would draw alone."""

    def __init__(self, dropout: nn.Dropout, streams: DropoutStreams) -> None:
        super().__init__(dropout.p)
        self._dropout = dropout
        self._streams = streams
        if isinstance(dropout, QuickDropout):
            dropout.shared = streams.shared

    def forward(self, hidden: Tensor) -> Tensor:
        """Drop elements of (A, ...); nothing when evaluating."""
        if not self.training or self.p == 0.0:
            return hidden
        rows = []
        for array, row in enumerate(hidden):
            num_kept = self._streams.count_own(array, len(row))
            with self._streams.of(array):
                dropped = self._dropout(row[None, :num_kept])[0]
            rows.append(functional.pad(dropped, (0, 0, 0, len(row) - num_kept)))
        return torch.stack(rows)
