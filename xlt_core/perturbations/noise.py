"""Random noise on the word embeddings, drawn anew at each step: Gaussian, and uniform in a norm ball.

One forward and one backward, as plain training; nothing at evaluation.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, TrainingStep
from xlt_core.perturbations.draws import draw_fractions, draw_normal, draw_uniform
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.spec import PerturbationSpec


class _FreshNoise(ABC):
    """Trains on noisy embeddings alone; a kind of noise says how it is drawn."""

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """One forward, one backward."""
        return Cost(1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the step on embeddings with this step's noise."""
        if self.spec.magnitude == 0.0:
            return step.take_plain()
        embeddings = step.embed()
        delta = self.draw(step, build_ball(self.spec, step))
        loss = step.compute_loss(embeddings + delta.to(embeddings.dtype))
        step.backward(loss)
        return loss.detach()

    @abstractmethod
    def draw(self, step: TrainingStep, ball: Ball) -> Tensor:
        """The noise of this step, (A, T, D)."""


class Gaussian(_FreshNoise):
    """Independent normal noise: the training half of randomized smoothing.

    With norm `l2` the magnitude is the root-mean-square L2 norm of a group (standard deviation of an element:
    radius / sqrt(n D)); with `linf` it is the standard deviation of each element. Normal noise is not bounded.
    """

    def draw(self, step: TrainingStep, ball: Ball) -> Tensor:
        """Normal numbers times the deviation, (A, T, D)."""
        deviation = ball.radius
        if self.spec.norm == "l2":
            deviation = deviation / (ball.group_sizes * step.embedding_width).sqrt()
        return torch.where(ball.mask, draw_normal(step) * deviation, 0.0)


class UniformBall(_FreshNoise):
    """Noise uniform in the ball of each group: in L2 a random direction times radius x U^(1/(n D)); a cube in L-inf."""

    def draw(self, step: TrainingStep, ball: Ball) -> Tensor:
        """A point of each group's ball, (A, T, D)."""
        return draw_in_ball(self.spec, step, ball)


def draw_in_ball(spec: PerturbationSpec, step: TrainingStep, ball: Ball) -> Tensor:
    """A point uniform in the ball of each group, (A, T, D)."""
    if spec.norm == "linf":
        return ball.project(draw_uniform(step) * ball.radius)
    dimensions = ball.group_sizes * step.embedding_width
    length = ball.radius * draw_fractions(step, spec.granularity).pow(1.0 / dimensions)
    return ball.project(ball.normalize(draw_normal(step)) * length)
