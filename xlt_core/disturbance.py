"""Scoring with disturbed embeddings, as training disturbs them. In: a condition's settings and a model. Out: logits.

Noise is keyed by the condition's seed and the example; neither it nor an attack depends on how examples are batched.
"""

import numpy as np
import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.data.batches import pack
from xlt_core.data.tokens import TokenTable
from xlt_core.finetune import measure_site_norm
from xlt_core.model import TrialModel
from xlt_core.perturbations.ascent import Fgm, Pgd
from xlt_core.perturbations.base import build_perturbation
from xlt_core.perturbations.noise import Noise
from xlt_core.perturbations.step import TrainingStep
from xlt_core.spec import DisturbanceSpec
from xlt_core.streams import stream_seed

_NUM_MEASURED = 128
"""Examples, the first of a table, whose mean norm at the site is the unit `relative` behind the word embeddings."""


class DisturbedModel:
    """A model with disturbed embeddings, for the test set of one language."""

    def __init__(self, spec: DisturbanceSpec, model: TrialModel, table: TokenTable, device: torch.device) -> None:
        """Measure what the unit `relative` means for this model and language."""
        perturbation = build_perturbation([spec.perturbation])
        assert isinstance(perturbation, Noise | Fgm | Pgd), "the settings allow no others"
        self._perturbation = perturbation
        self._seed = stream_seed(spec.seed, "condition")  # not the very draws of a training of this seed
        self._model = model
        measured = pack(table, np.arange(min(len(table), _NUM_MEASURED))).to(device)
        self._site_norm = measure_site_norm([self._step(measured, site_norm=1.0)])

    def __call__(self, batch: PackedBatch) -> Tensor:
        """Logits of one trial under the disturbance, (1, B, C) for pairs, (1, T, C) for tagging; no gradients."""
        step = self._step(batch, self._site_norm)
        with torch.no_grad():
            clean = step.reach()
        with torch.enable_grad():  # attacks differentiate with respect to the disturbance
            delta = self._perturbation.find(step, clean)
        with torch.no_grad():
            return step.finish(clean + delta.to(clean.dtype))

    def _step(self, batch: PackedBatch, site_norm: float) -> TrainingStep:
        # Losses are summed and not averaged: a mean over the batch would round differently in another batch.
        return TrainingStep(
            self._model,
            batch,
            seeds=(self._seed,),
            step=0,
            spec=self._perturbation.spec,
            site_norm=site_norm,
            num_units=torch.ones(1, device=batch.input_ids.device),
        )
