"""EAR (Ding et al. 2022): embedding push, attention pull and robust training on original and augmented examples.

Formulas and weights are those of the released code. Its checkpoints may be selected by test scores; ours are scored
after the last step, and nothing is selected on test data.

Legend: A arrays of trials, B sequences, T tokens of all sequences, D hidden size, C classes.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.encoders.observation import AttentionObserver
from xlt_core.heads import pool_sequences
from xlt_core.perturbations.base import Cost
from xlt_core.perturbations.step import TrainingStep
from xlt_core.perturbations.substitution import RsDa


class _Pass(NamedTuple):
    """What one batch leaves on its way through the model."""

    logits: Tensor
    pooled: Tensor
    """Mean over tokens, specials included, of what enters the first layer; float32 (A, B, D)."""
    attention: AttentionObserver


class Ear(RsDa):
    """Half of CE(x) + CE(x') - push_weight x MSE(embeddings) + pull_weight x MSE(attention), x' RS-DA's copy of x.

    MSE(embeddings) is that of mean-pooled outputs of the embedding block. MSE(attention) compares the probabilities of
    `attention_layer` position by position; of a sequence with L tokens (the longer of the two) it is the mean over
    heads and L x L positions, 0 standing where one side has no token. The released code averages over the padded
    length instead, and over probabilities after dropout, ours are before. Both terms are means over labelled units: a
    tagged sentence, which the paper does not have, counts by its words. The half is ours and keeps the loss, and where
    gradients are clipped, on the scale of plain training.
    """

    def cost(self) -> Cost:
        """One pass for the originals, one for the copies."""
        return Cost(2, 2, 2)

    def run(self, step: TrainingStep) -> Tensor:
        """Take both passes and one backward through both."""
        assert step.partner is not None, "the originals come with every step"
        both = step.reach(step.partner.join(step.batch))  # one lookup: its gradient is as large as the whole table
        entered = both.tensor_split([step.partner.num_tokens], 1)
        original, copy = self._pass(step, step.partner, entered[0]), self._pass(step, step.batch, entered[1])
        robust = step.loss(original.logits, step.partner) + step.loss(copy.logits)
        apart = (original.pooled - copy.pooled).square().mean(-1)
        pull = measure_attention_gap(original.attention, copy.attention, (step.partner.lengths, step.batch.lengths))
        terms = self._weight("pull_weight", step) * pull - self._weight("push_weight", step) * apart
        return step.backward((robust + (terms * count_units(step.batch)).sum(-1) / step.num_units) / 2.0)

    def _pass(self, step: TrainingStep, batch: PackedBatch, entered: Tensor) -> _Pass:
        with step.model.encoder.observe_attention(self.spec.attention_layer) as attention:
            logits = step.finish(entered, batch)
        return _Pass(logits, pool_sequences(entered.float(), batch.layout, "mean"), attention)

    def _weight(self, name: str, step: TrainingStep) -> Tensor:
        return self.number(name, step)[:, 0]


def measure_attention_gap(
    one: AttentionObserver, other: AttentionObserver, lengths: tuple[tuple[int, ...], tuple[int, ...]]
) -> Tensor:
    """Mean squared difference of attention probabilities, sequence by sequence, (A, B)."""
    longer = tuple(map(max, *lengths))
    squares = (one.probabilities(max(longer)) - other.probabilities(max(longer))).square()
    num_positions = squares.shape[2] * torch.tensor(longer, device=squares.device).square()
    return squares.sum((2, 3, 4)) / num_positions


def count_units(batch: PackedBatch) -> Tensor:
    """Labelled units of every sequence, float32 (A, B)."""
    is_unit = (batch.labels != IGNORED_LABEL).float()
    if is_unit.shape[1] == batch.num_sequences:
        return is_unit
    return batch.layout.sum_tokens(is_unit[..., None])[..., 0]
