"""An encoder with a new head. In: a packed batch. Out: logits and the loss.

Legend: A arrays of trials (1 today), B sequences, T tokens of all of them, D hidden size, C classes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.encoders.base import Encoder
from xlt_core.spec import ModelSpec
from xlt_core.streams import stream_seed
from xlt_core.tasks.base import Shape

_INIT_STD = 0.02


class Head(nn.Module):
    """Pairs: pooling, dropout, dense, tanh, dropout, linear, as XLM-R's own; tagging: dropout, linear a token.

    The weights depend on the seed alone, never on what another stage left behind (dense layer included).
    """

    def __init__(self, shape: Shape, hidden_size: int, num_classes: int, model: ModelSpec, seed: int) -> None:
        super().__init__()
        self.shape = shape
        self.pooling = model.pooling
        self.dropout = nn.Dropout(model.head_dropout)
        self.dense = nn.Linear(hidden_size, hidden_size) if shape == "pair" else None
        self.output = nn.Linear(hidden_size, num_classes)
        generator = torch.Generator().manual_seed(stream_seed(seed, "head"))
        with torch.no_grad():
            for layer in filter(None, (self.dense, self.output)):
                layer.weight.normal_(0.0, _INIT_STD, generator=generator)
                layer.bias.zero_()

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """Hidden states (A, T, D) to logits: (A, B, C) for pairs, (A, T, C) for tagging."""
        if self.dense is not None:
            pooled = self.dropout(pool_sequences(hidden, batch.lengths, self.pooling))
            hidden = torch.tanh(self.dense(pooled))
        logits: Tensor = self.output(self.dropout(hidden))
        return logits


class TrialModel(nn.Module):
    """What a stage trains."""

    def __init__(self, encoder: Encoder, head: Head) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, batch: PackedBatch, embeddings: Tensor) -> Tensor:
        """Word embeddings (A, T, D), perhaps disturbed, to logits."""
        logits: Tensor = self.head(self.encoder.encode(batch, embeddings), batch)
        return logits


def measure_loss(logits: Tensor, labels: Tensor, num_units: Tensor) -> Tensor:
    """Cross-entropy of A trials: logits (A, U, C), labels (A, U), summed over labelled units / `num_units` (A,).

    In float32, whatever the logits come in.
    """
    losses = functional.cross_entropy(
        logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED_LABEL, reduction="none"
    )
    return losses.view(labels.shape).sum(-1) / num_units


def measure_divergence(target: Tensor, logits: Tensor, labels: Tensor, num_units: Tensor) -> Tensor:
    """KL(target || logits) of each of A trials, both (A, U, C), summed over labelled units / `num_units` (A,).

    In float32. Gradients go to both sides; a side that shall have none is detached by the caller.
    """
    expected, found = functional.log_softmax(target.float(), -1), functional.log_softmax(logits.float(), -1)
    per_unit = (expected.exp() * (expected - found)).sum(-1)
    return torch.where(labels != IGNORED_LABEL, per_unit, 0.0).sum(-1) / num_units


def pool_sequences(hidden: Tensor, lengths: tuple[int, ...], pooling: str) -> Tensor:
    """One vector a sequence, (A, T, D) to (A, B, D): its first token, or the mean of its tokens, specials included."""
    counts = torch.tensor(lengths, device=hidden.device)
    if pooling == "first":
        return hidden[:, counts.cumsum(0) - counts]
    owners = torch.repeat_interleave(torch.arange(len(lengths), device=hidden.device), counts)
    sums = hidden.new_zeros(hidden.shape[0], len(lengths), hidden.shape[-1]).index_add(1, owners, hidden)
    return sums / counts[:, None]
