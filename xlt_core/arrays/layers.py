"""Layers of an array of trials: what transformers' own modules are exchanged for. In: stacked weights, (A, ...) each.

Each computes for every trial what its own layer would, on a CPU to the last bit.

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

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None, streams: DropoutStreams) -> None:
        super().__init__()
        self.weight = weight
        self.bias = bias
        self._streams = streams

    def forward(self, hidden: Tensor) -> Tensor:
        """Map (A, T, D) to (A, T, E)."""
        if self._must_be_apart(hidden):
            biases = [None] * len(hidden) if self.bias is None else self.bias
            return torch.stack(
                [
                    self._map_own(row, array, weight, bias)
                    for array, (row, weight, bias) in enumerate(zip(hidden, self.weight, biases, strict=True))
                ]
            )
        if self.bias is None:
            return torch.bmm(hidden, self.weight.transpose(1, 2))
        return torch.baddbmm(self.bias[:, None], hidden, self.weight.transpose(1, 2))

    def _must_be_apart(self, hidden: Tensor) -> bool:
        """Whether one product of all would not be what each is alone, or take longer; never on a GPU."""
        if hidden.is_cuda:
            return False
        is_padded = any(
            self._streams.count_own(array, hidden.shape[1]) < hidden.shape[1] for array in range(len(hidden))
        )
        weight = self.weight[0]
        return is_padded or weight.numel() < _FEWEST_BATCHED or runs_quickly(hidden[0], weight)

    def _map_own(self, row: Tensor, array: int, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map the tokens that a trial has alone, of its row (T, D); 0 at padding."""
        own = row[: self._streams.count_own(array, len(row))]
        mapped = map_quickly(own, weight, bias) if runs_quickly(own, weight) else functional.linear(own, weight, bias)
        return mapped if len(own) == len(row) else functional.pad(mapped, (0, 0, 0, len(row) - len(own)))


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
