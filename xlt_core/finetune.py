"""Fine-tuning as an objective of the training loop. In: a token table, a model. Out: gradients and a log, by step."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import torch

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import Indices, TrainingOrder, pack
from xlt_core.data.tokens import TokenTable
from xlt_core.errors import SpecError
from xlt_core.memory import fit_in_memory, halve_micro_batch
from xlt_core.model import TrialModel
from xlt_core.passes import Passes, autocast, select_member
from xlt_core.perturbations import METHODS
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.checks import explain_unsplittable
from xlt_core.perturbations.step import Sizes, TrainingStep
from xlt_core.result import PerturbationRecord
from xlt_core.spec import StageSpec
from xlt_core.streams import stream_seed
from xlt_core.train import StepLog, TrainOutcome

_NUM_PROBES = 20
"""Steps of a training at which the loss is measured with and without the disturbance: two forward passes each."""


class Order(Protocol):
    """Which examples every step trains on."""

    def indices(self, step: int) -> Indices:
        """Rows of the table in step `step` (from 0), shape (batch_size,)."""
        ...


class FineTuning:
    """The objective of the intermediate and the target stage: a pure function of the step, so that steps repeat."""

    def __init__(
        self,
        model: TrialModel,
        table: TokenTable,
        settings: StageSpec,
        *,
        seed: int,
        device: torch.device,
        micro_batch_size: int | None = None,
        pool: Indices | None = None,
        order: Order | None = None,
    ) -> None:
        """Prepare `model`, whose weights are those that the stage starts from, for training.

        Args:
            model: trained in place.
            table: training tokens; where the perturbation edits examples, all its copies and then the originals.
            settings: canonical.
            seed: of the stage.
            device: where `model` is.
            micro_batch_size: examples in memory at one time; none given: all of a step. Changes no result but for the
                dropout masks, which are drawn anew for each.
            pool: examples (rows before they were edited) that are trained on; none given: all.
            order: of the rows; none given: at random.

        Raises:
            SpecError: micro-batches would split what is taken over the batch: a norm, or the passages of a query.
        """
        assert settings.optim is not None, "a canonical stage carries its recipe"
        self.module = model
        self.settings = settings
        self.perturbation = build_perturbation([settings.perturbation])
        self.perturbation.prepare(model)
        num_copies = self.perturbation.num_copies
        is_edited = self.perturbation.edit_examples(seed) is not None
        self._num_examples = len(table) // (num_copies + 1) if is_edited else len(table)
        num_pooled = self._num_examples if pool is None else len(pool)
        self.num_rows = min(num_pooled, settings.max_train_examples or num_pooled)
        """Rows that are trained on, their copies not counted."""
        self._table = table
        self._order: Order = order or TrainingOrder(
            num_examples=self._num_examples,
            num_copies=num_copies,
            batch_size=settings.optim.batch_size,
            seed=seed,
            max_examples=settings.max_train_examples,
            pool=pool,
        )
        self._seed = seed
        self._device = device
        size = settings.optim.batch_size
        unsplittable = explain_unsplittable(self.perturbation.spec, table.shape, size, micro_batch_size or size)
        if unsplittable is not None:
            raise SpecError(unsplittable)
        can_split = explain_unsplittable(self.perturbation.spec, table.shape, size, 1) is None
        self.micro_batch_size: int | None = micro_batch_size or size if can_split else None
        self._probe_every = max(1, settings.optim.num_steps // _NUM_PROBES)
        self._site_norm = fit_in_memory(
            lambda: measure_site_norm(self._contexts(0, 1.0, Sizes())), lambda: halve_micro_batch(self)
        )

    @property
    def seed(self) -> int:
        """Of the stage."""
        return self._seed

    @property
    def site_norm(self) -> float:
        """Mean L2 norm of what the perturbation adds to, when the stage began."""
        return self._site_norm

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._device

    def backward(self, step: int) -> StepLog:
        """Take one step through the perturbation; under bfloat16 autocast on CUDA."""
        sizes = Sizes()
        contexts = self._contexts(step, self._site_norm, sizes)
        passes = Passes(self.module, self.perturbation, contexts, sizes)
        log = passes.take()
        if self.probes(step):
            log |= passes.probe()
        return select_member(log, 0) | self.count_changes(step)

    def probes(self, step: int) -> bool:
        """Whether the loss of a step is measured with and without its disturbance."""
        return self.perturbation.spec.method != "none" and step % self._probe_every == 0

    def count_changes(self, step: int) -> StepLog:
        """How much of the step's examples was edited before training; nothing where nothing was."""
        if self._table.changes is None:
            return {}
        changes = self._table.changes[self._order.indices(step)]
        return {"size_mean": float(changes.mean()), "size_max": float(changes.max())}

    def read_step(self, step: int) -> "StepExamples":
        """What one step trains on, on the host."""
        rows = self._order.indices(step)
        partners = self.perturbation.partner_rows(rows, self._num_examples, seed=self._seed, step=step)
        return StepExamples(rows, partners)

    def pack(self, rows: Indices) -> PackedBatch:
        """A batch on the host. Copies of one example are one row where nothing tells them apart."""
        return pack(self._table, rows % len(self._table))

    def _send(self, rows: Indices) -> PackedBatch:
        return self.pack(rows).to(self._device)

    def _contexts(self, step: int, site_norm: float, sizes: Sizes) -> list[TrainingStep]:
        """The micro-batches of a step as the perturbation sees them."""
        rows, partners = self.read_step(step)
        size = self.micro_batch_size or len(rows)
        parts = [slice(start, start + size) for start in range(0, len(rows), size)]
        batches = [self._send(rows[part]) for part in parts]
        num_units = torch.stack([batch.num_units for batch in batches]).sum(0)
        return [
            TrainingStep(
                self.module,
                batch,
                seeds=(self._seed,),
                step=step,
                spec=self.perturbation.spec,
                site_norm=site_norm,
                num_units=num_units,
                partner=None if partners is None else partial(self._send, partners[part]),
                dropout_seeds=(stream_seed(self._seed, "dropout", step, part.start),),
                sizes=sizes,
            )
            for batch, part in zip(batches, parts, strict=True)
        ]


class StepExamples(NamedTuple):
    """Rows of the training table that a step reads."""

    rows: Indices
    partners: Indices | None
    """That these are compared or mixed with."""


def measure_site_norm(steps: Sequence[TrainingStep]) -> float:
    """Mean L2 norm of what a step's spec adds to: the unit `relative`.

    Of the word-embedding table's rows, padding left out; at the other sites of the tokens of all micro-batches of the
    step, without dropout.
    """
    first = steps[0]
    if first.spec.site == "word_embedding":
        return mean_embedding_norm(first.model)
    was_training = first.model.training
    first.model.eval()
    with torch.no_grad(), autocast(first.device):
        norms = torch.cat([step.reach().float().norm(dim=-1) for step in steps], 1)
    first.model.train(was_training)
    return float(norms.mean())


def mean_embedding_norm(model: TrialModel) -> float:
    """Mean L2 norm of the rows of the word-embedding table, padding left out."""
    table = model.encoder.word_embedding
    norms = table.weight.detach().float().norm(dim=-1)
    if table.padding_idx is None:
        return float(norms.mean())
    return float((norms.sum() - norms[table.padding_idx]) / (len(norms) - 1))


def record_perturbation(settings: StageSpec, outcome: TrainOutcome) -> PerturbationRecord:
    """What a training's log says of its perturbation; steps at which a thing was not measured do not count."""

    def mean(name: str) -> float | None:
        values = np.array(outcome.log.get(name, ()))
        values = values[np.isfinite(values)]
        return float(values.mean()) if len(values) else None

    sizes = np.array(outcome.log.get("size_max", ()))
    return PerturbationRecord(
        size_kind=METHODS[settings.perturbation.method].size_kind,
        size_mean=mean("size_mean"),
        size_max=float(np.nanmax(sizes)) if np.isfinite(sizes).any() else None,
        loss_gap=mean("loss_gap"),
        num_forwards=mean("num_forwards"),
        num_backwards=mean("num_backwards"),
        num_weight_gradients=mean("num_weight_gradients"),
    )
