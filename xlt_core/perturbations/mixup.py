"""Mixup (Zhang et al. 2018) of embeddings, place by place as Guo et al. (2019) do, or of pooled hidden states.

Legend: A arrays of trials, B sequences, T tokens of all of them, D width, C classes.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import concatenate_ranges
from xlt_core.data.layout import send
from xlt_core.heads import pool_sequences
from xlt_core.perturbations.base import Cost, Perturbation, ProbedLosses, Rows
from xlt_core.perturbations.geometry import list_tokens
from xlt_core.perturbations.step import TrainingStep
from xlt_core.streams import numpy_generator


class Mixup(Perturbation):
    """Every example is mixed with another of its step: lambda x itself + (1 - lambda) x the other; so are the losses.

    Lambda is the larger of l and 1 - l, where l ~ Beta(a, a) and the magnitude is a (0.2 to 1 in use): as both orders
    of two examples are equally likely the mixtures are the same, and a -> 0 is plain training. Our choices: partners
    are one permutation of the whole step, and each example has a lambda of its own.

    A mixed sequence has the length of the example, of which it is the larger part. Where the partner has no token, the
    example stays as it is; what the partner has beyond is left out. Longer sequences with zeros in the example's place
    would not become the example as lambda -> 1, since the layer norm behind scales every token up again, and would
    cost more. At the site `last_hidden` whole texts are mixed, as pooled vectors. Not for tagging: words at one place
    of two sentences have nothing in common.
    """

    def cost(self) -> Cost:
        """One mixed pass; behind the encoder one of the example and one of its partner, which both train."""
        num_passes = 2 if self.spec.site == "last_hidden" else 1
        return Cost(num_passes, num_passes, num_passes)

    def partner_rows(self, rows: Rows, num_examples: int, *, seed: int, step: int) -> Rows:
        """The rows of the step in another order."""
        del num_examples
        return rows[numpy_generator(seed, "mixup_partner", step).permutation(len(rows))]

    def run(self, step: TrainingStep) -> Tensor:
        """Train on the mixed activations."""
        assert step.partner is not None, "the training loop gives partners where `partner_rows` does"
        batch, partner = step.batch, step.partner
        clean, other = step.reach(), step.reach(partner)
        if step.spec.site == "last_hidden":
            pooling = step.model.head.pooling
            clean, other = (
                pool_sequences(clean, batch.layout, pooling),
                pool_sequences(other, partner.layout, pooling),
            )
            batch, partner = _one_place_each(batch), _one_place_each(partner)
        shares = self.draw_shares(step)
        differences = find_differences(clean, batch, other, partner)
        delta = (1.0 - batch.layout.spread(shares)) * differences
        step.record(clean, delta, list_tokens(batch)[..., None])
        logits = step.finish(clean + delta, batch)
        targets = torch.lerp(_one_hot(partner, logits), _one_hot(batch, logits), shares)
        losses = functional.cross_entropy(logits.float().flatten(0, -2), targets.flatten(0, -2), reduction="none")
        return step.backward(losses.view(logits.shape[:-1]).sum(-1) / step.num_units)

    def draw_shares(self, step: TrainingStep) -> Tensor:
        """Lambda of each example, from 0.5 to 1, float32 (A, B, 1)."""
        drawn = [
            [_draw_beta(seed, step.step, key, spec.magnitude) for key in step.batch.part(array).example_keys]
            for array, (seed, spec) in enumerate(zip(step.seeds, self.specs, strict=True))
        ]
        shares = torch.tensor(drawn, dtype=torch.float32, device=step.device)
        return torch.maximum(shares, 1.0 - shares)[..., None]

    def probe(self, step: TrainingStep) -> ProbedLosses:
        """Of the examples apart: with mixed labels the loss is another one, not a disturbed one."""
        return ProbedLosses(step.loss(step.finish(step.reach())), None)


def _draw_beta(seed: int, step: int, example_key: int, magnitude: float) -> float:
    """One number from 0 to 1; the limit for trials of an array that have the magnitude 0."""
    if magnitude == 0.0:
        return 1.0
    return numpy_generator(seed, "mixup_share", step, example_key).beta(magnitude, magnitude)


def find_differences(clean: Tensor, batch: PackedBatch, other: Tensor, partner: PackedBatch) -> Tensor:
    """What each token of a batch (A, T, D) lacks to the token at the same place of its partner; 0 where there is none.

    Sequence b of `partner`, whose activations are `other`, is the partner of sequence b of `batch`.
    """
    rows = []
    for array in range(len(clean)):
        own, others = np.array(batch.part(array).lengths), np.array(partner.part(array).lengths)
        common = np.minimum(own, others)
        places, other_places = (
            send(concatenate_ranges(np.cumsum(num_tokens) - num_tokens, common), clean.device)
            for num_tokens in (own, others)
        )
        differences = other[array].index_select(0, other_places) - clean[array].index_select(0, places)
        rows.append(torch.zeros_like(clean[array]).index_copy(0, places, differences))
    return torch.stack(rows)


def _one_place_each(batch: PackedBatch) -> PackedBatch:
    """A batch whose sequences are their first tokens alone: what a head reads that gets pooled vectors."""
    layout = batch.layout
    return replace(
        batch,
        lengths=(1,) * batch.num_sequences,
        input_ids=layout.take_first(batch.input_ids),
        token_type_ids=layout.take_first(batch.token_type_ids),
        content_mask=layout.take_first(batch.content_mask),
        members=(),
    )


def _one_hot(batch: PackedBatch, logits: Tensor) -> Tensor:
    """Labels as distributions, float32 (A, B, C)."""
    return functional.one_hot(batch.labels, logits.shape[-1]).float()
