"""Random noise at a site, drawn anew at each step: Gaussian, and uniform in a norm ball. Nothing at evaluation.

With several samples a step their losses are averaged (RS-RP of Huang et al. 2021, whose law and number of samples are
not published: all of it is our choice). Behind the encoder only the head runs several times.
"""

from abc import abstractmethod

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.draws import draw_fractions, draw_normal, draw_uniform
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.perturbations.step import TrainingStep


class Noise(Perturbation):
    """Trains on noisy activations alone; a kind of noise says how it is drawn."""

    def cost(self) -> Cost:
        """One pass a sample; behind the encoder one in all."""
        num_passes = 1 if self.spec.site == "last_hidden" else self.spec.num_samples
        return Cost(num_passes, num_passes, num_passes)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the step on activations with this step's noise."""
        total = torch.zeros(len(self.specs), device=step.device)
        shared = step.reach() if self.spec.site == "last_hidden" else None
        for sample in range(self.spec.num_samples):
            clean = step.reach() if shared is None else shared
            loss = step.loss(step.finish(clean + self.find(step, clean, sample))) / self.spec.num_samples
            if shared is None:
                loss = step.backward(loss)
            total = total + loss
        return total if shared is None else step.backward(total)

    def find(self, step: TrainingStep, clean: Tensor, sample: int = 0) -> Tensor:
        """The noise of a step, (A, T, D), for what is `clean` at the site."""
        ball = build_ball(step, self.number("magnitude", step))
        delta = self.draw(step, ball, sample)
        step.record(clean, delta, ball.mask)
        return delta

    @abstractmethod
    def draw(self, step: TrainingStep, ball: Ball, sample: int) -> Tensor:
        """Noise for all tokens, (A, T, D)."""


class Gaussian(Noise):
    """Independent normal noise: the training half of randomized smoothing.

    With norm `l2` the magnitude is the root-mean-square L2 norm of a group (standard deviation of an element:
    radius / sqrt(n D)); with `linf` it is the standard deviation of each element. Normal noise is not bounded.
    """

    def draw(self, step: TrainingStep, ball: Ball, sample: int) -> Tensor:
        """Normal numbers times the deviation, (A, T, D)."""
        return scale_normal(step, ball, sample)


class UniformBall(Noise):
    """Noise uniform in the ball of each group: in L2 a random direction times radius x U^(1/(n D)); a cube in L-inf."""

    def draw(self, step: TrainingStep, ball: Ball, sample: int) -> Tensor:
        """A point of each group's ball, (A, T, D)."""
        return draw_in_ball(step, ball, sample)


def scale_normal(step: TrainingStep, ball: Ball, sample: int = 0) -> Tensor:
    """Normal noise whose groups have the ball's radius as their root-mean-square norm (its elements, in L-inf)."""
    deviation = ball.radius
    if ball.norm == "l2":
        deviation = deviation / (ball.group_sizes * step.width).sqrt()
    return torch.where(ball.mask, draw_normal(step, sample) * deviation, 0.0)


def draw_in_ball(step: TrainingStep, ball: Ball, sample: int = 0) -> Tensor:
    """A point uniform in the ball of each group, (A, T, D)."""
    if ball.norm == "linf":
        return ball.project(draw_uniform(step, sample) * ball.radius)
    dimensions = ball.group_sizes * step.width
    length = ball.radius * draw_fractions(step, step.spec.granularity, sample).pow(1.0 / dimensions)
    return ball.project(ball.normalize(draw_normal(step, sample)) * length)
