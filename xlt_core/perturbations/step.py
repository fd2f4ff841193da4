"""A training step as a perturbation sees it. In: a model and a (micro-)batch. Out: passes, gradients, counts.

Legend: A arrays of trials, B sequences, T tokens of all sequences, D width at the site, C classes.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.model import TrialModel, measure_divergence, measure_loss
from xlt_core.perturbations.spec import PerturbationSpec

Array = npt.NDArray[np.float32]
_TINY = 1e-12


class Sizes:
    """How large a disturbance was beside what it was added to, gathered over the passes of a step."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._num: Tensor | None = None
        self._largest: Tensor | None = None

    def add(self, ratio: Tensor, mask: Tensor) -> None:
        """Count ratios (A, N) where `mask` (A, N) is true."""
        kept = torch.where(mask, ratio, 0.0)
        total, num, largest = kept.sum(1), mask.sum(1), kept.amax(1)
        if self._sum is None or self._num is None or self._largest is None:
            self._sum, self._num, self._largest = total, num, largest
        else:
            self._sum, self._num = self._sum + total, self._num + num
            self._largest = torch.maximum(self._largest, largest)

    @property
    def mean(self) -> Tensor | None:
        """Shape (A,); none where nothing was counted."""
        return None if self._sum is None or self._num is None else self._sum / self._num

    @property
    def largest(self) -> Tensor | None:
        """Shape (A,); none where nothing was counted."""
        return self._largest


class TrainingStep:
    """One (micro-)batch of a training step as a perturbation sees it: no task, no encoder class, no optimiser.

    A pass through the model has two halves that meet at the site: `reach` gives what is there, `finish` goes on from
    there, disturbed or not. Passes are counted where they happen, so that a method's declared cost can be checked.
    """

    def __init__(
        self,
        model: TrialModel,
        batch: PackedBatch,
        *,
        seeds: Sequence[int],
        step: int,
        spec: PerturbationSpec,
        site_norm: float | Tensor,
        num_units: Tensor | None = None,
        partner: PackedBatch | Callable[[], PackedBatch] | None = None,
        dropout_seeds: Sequence[int] = (0,),
        sizes: Sizes | None = None,
        draws: dict[Hashable, Array] | None = None,
    ) -> None:
        """Look at one batch.

        Args:
            model: A trials or one.
            batch: to be trained on.
            seeds: of each of the A trials.
            step: number of the training step; with seed and example it keys all noise.
            spec: says the site and whether passes share their dropout masks.
            site_norm: mean L2 norm at the site when the stage began: the unit `relative`; of each trial, (A, 1, 1), or
                of all.
            num_units: labelled units of the whole step, float32 (A,); none given: those of `batch`.
            partner: the examples that those of `batch` are compared or mixed with, where a method asks for such; or
                what makes them, since some steps do without.
            dropout_seeds: of each trial's masks where all passes share them.
            sizes: where realised sizes are gathered; none given: a fresh one.
            draws: random numbers of the step, by what keys them; none given: there are none yet.
        """
        self.model = model
        self.batch = batch
        self._partner = partner
        self.seeds = tuple(seeds)
        self.step = step
        self.spec = spec
        self.site_norm = site_norm
        # A step without any label has nothing to learn from: its loss is 0 and not undefined.
        self.num_units = (batch.num_units if num_units is None else num_units).clamp_min(1.0)
        self.num_forwards = 0
        self.num_backwards = 0
        self.num_weight_gradients = 0
        self.sizes = sizes or Sizes()
        self.draws: dict[Hashable, Array] = {} if draws is None else draws
        """Kept while the step lasts: trials of one seed share theirs."""
        self.delta: Tensor | None = None
        """The last disturbance recorded, (A, T, D)."""
        self._dropout_seeds = tuple(dropout_seeds)
        self._weights_are_frozen = False

    @property
    def device(self) -> torch.device:
        """Where the batch is."""
        return self.batch.input_ids.device

    @cached_property
    def partner(self) -> PackedBatch | None:
        """The examples that those of the batch are compared or mixed with."""
        return self._partner() if callable(self._partner) else self._partner

    @property
    def width(self) -> int:
        """D at the site; some encoders widen their word embeddings inside."""
        encoder = self.model.encoder
        return encoder.word_embedding.embedding_dim if self.spec.site == "word_embedding" else encoder.hidden_size

    def share_norm(self, share: float) -> float | Tensor:
        """A share of `site_norm`, rounded to float32 once: in an array as for one trial, whose norm is a number."""
        norm = self.site_norm
        return (share * norm.double()).float() if isinstance(norm, Tensor) else share * norm

    def of_member(self, array: int, spec: PerturbationSpec) -> "TrainingStep":
        """The step as one trial of the array sees it, for draws alone: passes are those of all."""
        site_norm = self.site_norm
        return TrainingStep(
            self.model,
            self.batch.part(array),
            seeds=(self.seeds[array],),
            step=self.step,
            spec=spec,
            site_norm=site_norm[array : array + 1] if isinstance(site_norm, Tensor) else site_norm,
            draws=self.draws,
        )

    def reach(self, batch: PackedBatch | None = None) -> Tensor:
        """What is at the site, (A, T, D), attached to the weights below it."""
        batch, encoder = batch or self.batch, self.model.encoder
        if self.spec.site == "word_embedding":
            return encoder.embed(batch)
        if self.spec.site == "embedding_output":
            return encoder.embed_output(batch, encoder.embed(batch))
        return self._count(encoder.encode(batch, encoder.embed(batch)))

    def finish(self, activation: Tensor, batch: PackedBatch | None = None) -> Tensor:
        """Go on from the site, (A, T, D), to logits: (A, B, C) for pairs, (A, T, C) for tagging."""
        batch, encoder = batch or self.batch, self.model.encoder
        if self.spec.dropout == "same":
            self.model.seed_dropout(self._dropout_seeds)
        if self.spec.site == "word_embedding":
            activation = self._count(encoder.encode(batch, activation))
        elif self.spec.site == "embedding_output":
            activation = self._count(encoder.encode_output(batch, activation))
        logits: Tensor = self.model.head(activation, batch)
        return logits

    def loss(self, logits: Tensor, batch: PackedBatch | None = None) -> Tensor:
        """Cross-entropy summed over the batch's labelled units, over the units of the whole step: (A,), float32."""
        return measure_loss(logits, (batch or self.batch).labels, self.num_units)

    def divergence(self, target: Tensor, logits: Tensor) -> Tensor:
        """KL(target || logits) summed over the batch's labelled units, over the units of the whole step: (A,)."""
        return measure_divergence(target, logits, self.batch.labels, self.num_units)

    def backward(self, loss: Tensor) -> Tensor:
        """Add the gradients of `loss`, shape (A,), to the parameters; give it back detached."""
        loss.sum().backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def differentiate(self, clean: Tensor, delta: Tensor, objective: Callable[[Tensor], Tensor]) -> Tensor:
        """Gradient of `objective(logits)`, shape (A,), at `clean + delta` with respect to `delta`: float32 (A, T, D).

        Weights have no part in it: no gradient of theirs is computed or changed.
        """
        moved = delta.detach().requires_grad_()
        with self._frozen_weights():
            value = objective(self.finish(clean.detach() + moved))
            (gradient,) = torch.autograd.grad(value.sum(), moved)
        return gradient.float()

    def take_plain(self) -> Tensor:
        """The undisturbed step; gives the detached loss, (A,)."""
        return self.backward(self.loss(self.finish(self.reach())))

    def record(self, clean: Tensor, delta: Tensor, mask: Tensor) -> None:
        """Note the disturbance that is trained on: `delta` (A, T, D) at the tokens of `mask` (A, T, 1)."""
        self.delta = delta.detach()
        norms = clean.detach().float().norm(dim=-1).clamp_min(_TINY)
        self.sizes.add(self.delta.float().norm(dim=-1) / norms, mask[..., 0].expand(norms.shape))

    def _count(self, hidden: Tensor) -> Tensor:
        self.num_forwards += 1
        if hidden.requires_grad:
            hidden.register_hook(self._count_backward)  # type: ignore[no-untyped-call]
        return hidden

    def _count_backward(self, gradient: Tensor) -> None:  # noqa: ARG002
        self.num_backwards += 1
        self.num_weight_gradients += not self._weights_are_frozen

    @contextmanager
    def _frozen_weights(self) -> Iterator[None]:
        """No graph reaches the weights: inner passes save neither time nor memory for gradients that nobody wants."""
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self._weights_are_frozen = True
        try:
            for parameter in trained:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter in trained:
                parameter.requires_grad_(True)
            self._weights_are_frozen = False
