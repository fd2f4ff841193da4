"""Adversarial disturbances: FGM (Miyato et al. 2017), FGSM (Goodfellow et al. 2015), PGD (Madry et al. 2018).

Inner steps differentiate with respect to the disturbance only. The loss trained on is the adversarial one, or, with
clean weight w, (w x clean + adversarial) / (1 + w); the division is our choice and keeps gradients on one scale.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.perturbations.noise import draw_in_ball, scale_normal
from xlt_core.perturbations.step import TrainingStep


class Fgm(Perturbation):
    """One gradient step from the clean activations to the surface of the ball (in L-infinity to a corner: FGSM)."""

    def cost(self) -> Cost:
        """Two passes, one where the site is behind the encoder; the clean one trains where it has a weight.

        In an array in which only some trials train on the clean loss, finding the direction takes a pass of its own.
        """
        if self.spec.site == "last_hidden":
            return Cost(1, 1, 1)
        num_passes = 2 + (_has_clean_loss(self) and not self._finds_while_training)
        return Cost(num_passes, num_passes, 1 + _has_clean_loss(self))

    def run(self, step: TrainingStep) -> Tensor:
        """Find the direction, then train on the disturbed activations."""
        clean = step.reach()
        if self.spec.site == "last_hidden" or not self._finds_while_training:
            return _train(self, step, clean, self.find(step, clean))
        weight = self.number("clean_weight", step)
        share = weight / (1.0 + weight)
        clean.retain_grad()
        clean_loss = step.backward(step.loss(step.finish(clean)) * share[:, 0, 0])
        assert clean.grad is not None
        delta = self.jump(step, clean, clean.grad.float() / share)
        clean = step.reach()
        return clean_loss + step.backward(step.loss(step.finish(clean + delta)) / (1.0 + weight[:, 0, 0]))

    @property
    def _finds_while_training(self) -> bool:
        """Whether every trial's clean loss has a gradient, from which the direction can be read."""
        return all(spec.clean_weight > 0.0 for spec in self.specs)

    def find(self, step: TrainingStep, clean: Tensor) -> Tensor:
        """The disturbance of a step, (A, T, D), from a pass of its own."""
        return self.jump(
            step, clean, step.differentiate(clean, torch.zeros_like(clean, dtype=torch.float32), step.loss)
        )

    def jump(self, step: TrainingStep, clean: Tensor, gradient: Tensor) -> Tensor:
        """Along the gradient to the surface of the ball, (A, T, D)."""
        ball = build_ball(step, self.number("magnitude", step))
        delta = ball.project(ball.normalize(gradient) * ball.radius)
        step.record(clean, delta, ball.mask)
        return delta


class Pgd(Perturbation):
    """`num_ascent_steps` normalised gradient steps of length `step_ratio` x radius, projected back into the ball."""

    def cost(self) -> Cost:
        """K + 1 passes of which one trains, one more where the clean loss has a weight; behind the encoder one."""
        if self.spec.site == "last_hidden":
            return Cost(1, 1, 1)
        num_trained = 1 + _has_clean_loss(self)
        num_passes = self.spec.num_ascent_steps + num_trained
        return Cost(num_passes, num_passes, num_trained)

    def run(self, step: TrainingStep) -> Tensor:
        """Ascend, then train on the disturbed activations."""
        clean = step.reach()
        return _train(self, step, clean, self.find(step, clean))

    def find(self, step: TrainingStep, clean: Tensor) -> Tensor:
        """The disturbance after the inner steps, (A, T, D), inside the ball."""
        ball = build_ball(step, self.number("magnitude", step))
        delta = ascend(self, step, ball, clean, step.loss)
        step.record(clean, delta, ball.mask)
        return delta


def ascend(
    method: Perturbation, step: TrainingStep, ball: Ball, clean: Tensor, objective: Callable[[Tensor], Tensor]
) -> Tensor:
    """Projected ascent of `objective(logits)` from the method's start, (A, T, D), inside the ball."""
    delta = start_ascent(method, step, ball, clean)
    for _ in range(method.spec.num_ascent_steps):
        gradient = step.differentiate(clean, delta, objective)
        delta = ball.project(delta + ball.normalize(gradient) * (method.number("step_ratio", step) * ball.radius))
    return delta


def start_ascent(method: Perturbation, step: TrainingStep, ball: Ball, clean: Tensor) -> Tensor:
    """Where the ascent starts: zero, or at random in (Gaussian: about) `init_ratio` times the ball, then projected."""
    if method.spec.init == "zero":
        return torch.zeros_like(clean, dtype=torch.float32)
    smaller = replace(ball, radius=ball.radius * method.number("init_ratio", step))
    drawn = draw_in_ball(step, smaller) if method.spec.init == "uniform" else scale_normal(step, smaller)
    return ball.project(drawn)


def _has_clean_loss(method: Perturbation) -> bool:
    return any(spec.clean_weight > 0.0 for spec in method.specs)


def _train(method: Perturbation, step: TrainingStep, clean: Tensor, delta: Tensor) -> Tensor:
    """Train on the disturbed activations, and on the clean ones where they have a weight; `clean` is used up."""
    weight = method.number("clean_weight", step)[:, 0, 0]
    if not _has_clean_loss(method):
        return step.backward(step.loss(step.finish(clean + delta)))
    if step.spec.site == "last_hidden":  # one graph of the encoder under both
        losses = step.loss(step.finish(clean)) * weight + step.loss(step.finish(clean + delta))
        return step.backward(losses / (1.0 + weight))
    clean_loss = step.backward(step.loss(step.finish(clean)) * weight / (1.0 + weight))
    return clean_loss + step.backward(step.loss(step.finish(step.reach() + delta)) / (1.0 + weight))
