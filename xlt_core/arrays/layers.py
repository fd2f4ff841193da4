"""Layers of an array of trials: what transformers' own modules are exchanged for. In: stacked weights, (A, ...) each.

Each computes for every trial what its own layer would, on a CPU to the last bit where no row is padded.

Legend: A arrays of trials, T tokens, D features in, E features out, V rows of a table.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.encoders.dropout import DropoutStreams
from xlt_core.encoders.linear import map_quickly, runs_quickly

_FEWEST_BATCHED = 1 << 10
"""Numbers of a weight; torch sums up products of smaller ones in another order where they come in batches."""


class StackedLinear(nn.Module):
    """A linear layer of each trial: weights (A, E, D), biases (A, E)."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (A, T, D) to (A, T, E)."""
        biases = [None] * len(hidden) if self.bias is None else self.bias
        if runs_quickly(hidden[0], self.weight[0]):
            return torch.stack([map_quickly(*parts) for parts in zip(hidden, self.weight, biases, strict=True)])
        if self.weight[0].numel() < _FEWEST_BATCHED:
            return torch.stack([functional.linear(*parts) for parts in zip(hidden, self.weight, biases, strict=True)])
        if self.bias is None:
            return torch.bmm(hidden, self.weight.transpose(1, 2))
        return torch.baddbmm(self.bias[:, None], hidden, self.weight.transpose(1, 2))


class StackedLayerNorm(nn.Module):
    """A layer norm of each trial: weights and biases (A, D)."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, epsilon: float) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self._epsilon = epsilon

    def forward(self, hidden: Tensor) -> Tensor:
        """Normalise (A, T, D) over its last dimension."""
        biases = [None] * len(hidden) if self.bias is None else self.bias
        return torch.stack(
            [
                functional.layer_norm(row, row.shape[-1:], weight, bias, self._epsilon)
                for row, weight, bias in zip(hidden, self.weight, biases, strict=True)
            ]
        )


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
