"""An encoder with a new head. In: a packed batch. Out: logits and the loss.

Legend: A arrays of trials, T tokens, D hidden size, U units, C classes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.dropout import seed_masks
from xlt_core.heads import Head


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

    def seed_dropout(self, seeds: Sequence[int]) -> None:
        """Begin the masks of each trial anew; trials that share one model share the first's.

        Args:
            seeds: one a trial.
        """
        if self.encoder.dropout_streams is None:
            seed_masks(seeds[0], self.encoder.word_embedding.weight.device)
        else:
            self.encoder.dropout_streams.seed(seeds)


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
