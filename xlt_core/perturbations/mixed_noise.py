"""Noise of several laws in one array of trials, and none in some of them. In: the settings of A trials.

Legend: A arrays of trials, T tokens of all sequences, D width at the site.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from xlt_core.perturbations import load_perturbation
from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.geometry import build_ball
from xlt_core.perturbations.noise import Noise
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.perturbations.step import TrainingStep


class MixedNoise(Perturbation):
    """Each trial's own noise on its own word embeddings; nothing is drawn for one without."""

    def __init__(self, specs: Sequence[PerturbationSpec]) -> None:
        """Take the settings of each of the A trials: one pass a step, or a plain one."""
        self.specs = tuple(specs)
        self.spec = next(spec for spec in specs if spec.method != "none")
        self._noises = [None if spec.method == "none" else _load_noise(spec) for spec in specs]

    def cost(self) -> Cost:
        """One of each."""
        return Cost(1, 1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the step on activations with each trial's noise of this step."""
        clean = step.reach()
        return step.backward(step.loss(step.finish(clean + self.find(step, clean))))

    def find(self, step: TrainingStep, clean: Tensor) -> Tensor:
        """The noise of a step, (A, T, D); 0 in a trial without."""
        rows, masks = [], []
        num_tokens = clean.shape[1]
        for array, noise in enumerate(self._noises):
            if noise is None:
                rows.append(torch.zeros_like(clean[array], dtype=torch.float32))
                masks.append(torch.zeros(num_tokens, 1, dtype=torch.bool, device=step.device))
                continue
            own = step.of_member(array, noise.spec)
            ball = build_ball(own, noise.number("magnitude", own))
            padding = (0, 0, 0, num_tokens - own.batch.num_tokens)
            rows.append(functional.pad(noise.draw(own, ball, 0)[0], padding))
            masks.append(functional.pad(ball.mask[0], padding))
        delta = torch.stack(rows)
        step.record(clean, delta, torch.stack(masks))
        return delta


def _load_noise(spec: PerturbationSpec) -> Noise:
    noise: Noise = load_perturbation(spec.method)([spec])
    return noise
