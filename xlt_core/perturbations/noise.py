"""Random noise on the word embeddings, drawn anew at each step: Gaussian, and uniform in a norm ball.

One forward and one backward, as plain training; nothing at evaluation.
"""

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, TrainingStep
from xlt_core.perturbations.draws import draw_fractions, draw_normal, draw_uniform
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.spec import PerturbationSpec


class Gaussian:
    """Independent normal noise: the training half of randomized smoothing.

    With norm `l2` the magnitude is the root-mean-square L2 norm of a group (standard deviation of an element:
    radius / sqrt(n D)); with `linf` it is the standard deviation of each element. Normal noise is not bounded.
    """

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """One forward, one backward."""
        return Cost(1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Train on the noisy embeddings alone."""
        if self.spec.magnitude == 0.0:
            return step.take_plain()
        return _train_on(step, self.draw(step, build_ball(self.spec, step)))

    def draw(self, step: TrainingStep, ball: Ball) -> Tensor:
        """The noise of this step, (A, T, D)."""
        deviation = ball.radius
        if self.spec.norm == "l2":
            deviation = deviation / (ball.group_sizes * step.embedding_width).sqrt()
        return torch.where(ball.mask, draw_normal(step) * deviation, 0.0)


class UniformBall:
    """Noise uniform in the ball of each group: in L2 a random direction times radius x U^(1/(n D)); a cube in L-inf."""

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """One forward, one backward."""
        return Cost(1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Train on the noisy embeddings alone."""
        if self.spec.magnitude == 0.0:
            return step.take_plain()
        return _train_on(step, draw_in_ball(self.spec, step, build_ball(self.spec, step)))


def draw_in_ball(spec: PerturbationSpec, step: TrainingStep, ball: Ball) -> Tensor:
    """A point uniform in the ball of each group, (A, T, D)."""
    if spec.norm == "linf":
        return ball.project(draw_uniform(step) * ball.radius)
    dimensions = ball.group_sizes * step.embedding_width
    length = ball.radius * draw_fractions(step, spec.granularity).pow(1.0 / dimensions)
    return ball.project(ball.normalize(draw_normal(step)) * length)


def _train_on(step: TrainingStep, delta: Tensor) -> Tensor:
    embeddings = step.embed()
    loss = step.compute_loss(embeddings + delta.to(embeddings.dtype))
    step.backward(loss)
    return loss.detach()
