"""Adversarial disturbances of the word embeddings: FGM (Miyato et al. 2017) and PGD (Madry et al. 2018).

Inner steps differentiate with respect to the disturbance only. The loss trained on is the adversarial one, or, with
clean weight w, (w x clean + adversarial) / (1 + w); the division is our choice and keeps gradients on one scale.
"""

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, TrainingStep
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.perturbations.noise import draw_in_ball
from xlt_core.spec import PerturbationSpec


class Fgm:
    """One gradient step from the clean embeddings to the surface of the ball (L-infinity: FGSM)."""

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """Two of each: the clean pass that finds the direction also trains where it has a weight."""
        return Cost(2, 2)

    def run(self, step: TrainingStep) -> Tensor:
        """Find the direction, then train on the disturbed embeddings."""
        if self.spec.magnitude == 0.0:
            return step.take_plain()
        ball, weight = build_ball(self.spec, step), self.spec.clean_weight
        total = torch.zeros((), device=step.batch.input_ids.device)
        if weight > 0.0:
            clean = step.embed()
            clean.retain_grad()
            loss = step.compute_loss(clean) * (weight / (1.0 + weight))
            step.backward(loss)
            total += loss.detach()
            assert clean.grad is not None
            gradient = clean.grad.float()
        else:
            clean = step.embed().detach().requires_grad_()
            gradient = step.differentiate(step.compute_loss(clean), clean)
        delta = ball.project(ball.normalize(gradient) * ball.radius)
        return total + _train_adversarially(step, delta, weight)


class Pgd:
    """`num_ascent_steps` normalised gradient steps of length `step_ratio` x radius, projected back into the ball."""

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """K + 1 of each, one more where the clean loss has a weight."""
        num_passes = self.spec.num_ascent_steps + 1 + (self.spec.clean_weight > 0.0)
        return Cost(num_passes, num_passes)

    def run(self, step: TrainingStep) -> Tensor:
        """Ascend, then train on the disturbed embeddings."""
        if self.spec.magnitude == 0.0:
            return step.take_plain()
        ball, weight = build_ball(self.spec, step), self.spec.clean_weight
        delta = self.ascend(step, ball)
        total = torch.zeros((), device=delta.device)
        if weight > 0.0:
            loss = step.compute_loss(step.embed()) * (weight / (1.0 + weight))
            step.backward(loss)
            total += loss.detach()
        return total + _train_adversarially(step, delta, weight)

    def ascend(self, step: TrainingStep, ball: Ball) -> Tensor:
        """The disturbance after the inner steps, (A, T, D), inside the ball."""
        clean = step.embed().detach()
        delta = draw_in_ball(self.spec, step, ball) if self.spec.init == "uniform" else torch.zeros_like(clean)
        for _ in range(self.spec.num_ascent_steps):
            delta.requires_grad_()
            gradient = step.differentiate(step.compute_loss(clean + delta), delta)
            stride = ball.normalize(gradient) * (self.spec.step_ratio * ball.radius)
            delta = ball.project(delta.detach() + stride)
        return delta


def _train_adversarially(step: TrainingStep, delta: Tensor, clean_weight: float) -> Tensor:
    embeddings = step.embed()
    loss = step.compute_loss(embeddings + delta.to(embeddings.dtype)) / (1.0 + clean_weight)
    step.backward(loss)
    return loss.detach()
