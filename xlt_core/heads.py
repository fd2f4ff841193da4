"""What is put on an encoder, one class a shape of task. In: packed hidden states. Out: logits, one row a unit.

Legend: A arrays of trials, B rows of the batch, T tokens of all of them, D hidden size, C classes, L tokens of the
longest sequence. The weights depend on the seed alone, never on what another stage left behind.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.data.batch import PackedBatch
from xlt_core.data.layout import Layout
from xlt_core.recipe import ModelSpec
from xlt_core.streams import stream_seed
from xlt_core.tasks.base import FROZEN_SHAPES, Shape

_INIT_STD = 0.02
_NO_TOKEN = -1e4
"""Logit of a place that a sequence does not have; finite, so that a divergence between two of them is a number."""
_INITIAL_SCALE = 100.0


class Head(nn.Module, ABC):
    """Hidden states to logits."""

    def __init__(self, hidden_size: int, num_outputs: int, model: ModelSpec, seed: int, *, has_dense: bool) -> None:
        super().__init__()
        self.pooling = model.pooling
        self.dropout = nn.Dropout(model.head_dropout)
        self.dense = nn.Linear(hidden_size, hidden_size) if has_dense else None
        self.output = nn.Linear(hidden_size, num_outputs) if num_outputs else None
        generator = torch.Generator().manual_seed(stream_seed(seed, "head"))
        with torch.no_grad():
            for layer in filter(None, (self.dense, self.output)):
                layer.weight.normal_(0.0, _INIT_STD, generator=generator)
                layer.bias.zero_()

    @abstractmethod
    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """Hidden states (A, T, D) to logits (A, U, C), U the units that `batch.labels` has."""

    def pool(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """Pooling, dropout, dense, tanh, as XLM-R's own head: (A, T, D) to one vector a sequence."""
        assert self.dense is not None, "only heads of whole texts pool"
        pooled = self.dropout(pool_sequences(hidden, batch.layout, self.pooling))
        return torch.tanh(self.dense(pooled))

    def classify(self, hidden: Tensor) -> Tensor:
        """Dropout and the output layer."""
        assert self.output is not None, "this head compares vectors"
        logits: Tensor = self.output(self.dropout(hidden))
        return logits


class SequenceHead(Head):
    """One label for a text or a pair: (A, B, C)."""

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """See the base class."""
        return self.classify(self.pool(hidden, batch))


class TaggingHead(Head):
    """One label for every token: (A, T, C)."""

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """See the base class."""
        del batch
        return self.classify(hidden)


class ChoiceHead(Head):
    """A number for each sequence of a row, the classes of the row: (A, B, choices)."""

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """See the base class."""
        scores = self.classify(self.pool(hidden, batch))
        return scores.view(scores.shape[0], -1, batch.num_sequences_per_row)


class SpanHead(Head):
    """First and last token of the answer; the places of a sequence are the classes: (A, 2 B, L)."""

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """See the base class."""
        ends = self.classify(hidden)
        layout = batch.layout
        # One sequence more than there are takes the padding of members with fewer tokens.
        shape = (ends.shape[0], layout.num_sequences + 1, layout.longest, 2)
        arrays = torch.arange(ends.shape[0], device=ends.device)[:, None]
        logits = ends.new_full(shape, _NO_TOKEN)
        logits[arrays, layout.owners, layout.places] = ends
        logits = logits[:, :-1]
        return logits.transpose(2, 3).flatten(1, 2)


class DualHead(Head):
    """Queries and passages as unit vectors; the passages of the batch are the classes: (A, B, B).

    In-batch softmax over scaled cosines with a scale that is learned, as XTREME-R's retrieval tasks have it; their
    pooling is the first token through a tanh layer.
    """

    def __init__(self, hidden_size: int, model: ModelSpec, seed: int) -> None:
        super().__init__(hidden_size, 0, model, seed, has_dense=True)
        self.scale = nn.Parameter(torch.tensor(_INITIAL_SCALE))

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """See the base class."""
        vectors = self.embed(hidden, batch)
        return self.scale.view(-1, 1, 1) * vectors[:, 0::2] @ vectors[:, 1::2].transpose(1, 2)

    def embed(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """One unit vector a sequence, (A, sequences, D)."""
        return functional.normalize(self.pool(hidden, batch), dim=-1)


class NoHead(Head):
    """Of tasks that train nothing."""

    def __init__(self, model: ModelSpec) -> None:
        super().__init__(0, 0, model, 0, has_dense=False)

    def forward(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """Hidden states are all there is."""
        del batch
        return hidden


def build_head(shape: Shape, hidden_size: int, num_classes: int, model: ModelSpec, seed: int) -> Head:
    """A new head.

    Args:
        shape: of the task.
        hidden_size: of the encoder.
        num_classes: labels of the task; read where a label has a class of its own.
        model: pooling and dropout.
        seed: of the stage.
    """
    if shape in FROZEN_SHAPES:
        return NoHead(model)
    if shape == "dual":
        return DualHead(hidden_size, model, seed)
    if shape == "tagging":
        return TaggingHead(hidden_size, num_classes, model, seed, has_dense=False)
    if shape == "span":
        return SpanHead(hidden_size, 2, model, seed, has_dense=False)
    if shape == "choice":
        return ChoiceHead(hidden_size, 1, model, seed, has_dense=True)
    return SequenceHead(hidden_size, num_classes, model, seed, has_dense=True)


def pool_sequences(hidden: Tensor, layout: Layout, pooling: str) -> Tensor:
    """One vector a sequence, (A, T, D) to (A, B, D): its first token, or the mean of its tokens, specials included."""
    if pooling == "first":
        return layout.take_first(hidden)
    return layout.sum_tokens(hidden) / layout.counts[..., None]
