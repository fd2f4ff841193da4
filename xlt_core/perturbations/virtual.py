"""Virtual adversarial training: the loss plus the divergence that the worst disturbance of a ball causes.

VAT (Miyato et al. 2018), SMART (Jiang et al. 2020) and ALUM (Liu et al. 2020). No label has a part in the disturbance.
"""

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from xlt_core.perturbations.ascent import start_ascent
from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.draws import draw_normal
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.perturbations.step import TrainingStep

Objective = Callable[[Tensor], Tensor]
_SHORTEST_PROBE = 0.03
"""In the unit `relative`: what a shorter one changes is lost when activations are rounded to bfloat16; our choice."""


class VirtualAdversarial(Perturbation):
    """CE(f(x)) + `regularizer_weight` x divergence of f(x) and f(x + d), d from K = `num_ascent_steps` inner steps.

    A kind says how d is found and what diverges. The clean pass serves as the loss, as the target of the inner steps
    and as one side of the divergence.
    """

    def cost(self) -> Cost:
        """K inner passes, and two that train: the clean one and the disturbed one. Behind the encoder one in all."""
        if self.spec.site == "last_hidden":
            return Cost(1, 1, 1)
        num_passes = self.spec.num_ascent_steps + 2
        return Cost(num_passes, num_passes, 2)

    def run(self, step: TrainingStep) -> Tensor:
        """Predict, find what changes the prediction most, and train on both."""
        clean = step.reach()
        logits = step.finish(clean)
        ball = build_ball(step, self.number("magnitude", step))
        delta = self.find(step, ball, clean, lambda moved: self.diverge(step, logits.detach(), moved))
        step.record(clean, delta, ball.mask)
        divergence = self.diverge(step, logits, step.finish(clean + delta))
        return step.backward(step.loss(logits) + weigh_divergence(self, step) * divergence)

    @abstractmethod
    def find(self, step: TrainingStep, ball: Ball, clean: Tensor, objective: Objective) -> Tensor:
        """The disturbance that raises `objective(logits)`, (A, T, D), inside the ball."""

    def diverge(self, step: TrainingStep, target: Tensor, logits: Tensor) -> Tensor:
        """KL(target || logits) of each trial, (A,); the clean prediction is a fixed target."""
        return step.divergence(target.detach(), logits)


class Vat(VirtualAdversarial):
    """Miyato et al. 2018: the direction in which the KL divergence curves most, at the full radius (L2, per sequence).

    Each inner step is one of the power iteration: the gradient at a small probe, from a random one on, is the product
    of the Hessian with it. The probe's length is `init_ratio` x radius, and at least 0.03 in the unit `relative`; not
    the paper's 1e-6, which changes predictions by less than their rounding. On a small XLM-R the median cosine with
    the exact product was, at relative lengths of 0.001, 0.01, 0.03, 0.1 and 0.3, in float32 1, 1, 1, 0.97 and 0.7, in
    bfloat16 0.2 to 0.8, 0.97, 0.99, 0.96 and 0.7. Passes share their dropout masks unless `dropout` says `fresh`
    (our choice): the method is about one function, and two masks differ by more than a probe.
    """

    def find(self, step: TrainingStep, ball: Ball, clean: Tensor, objective: Objective) -> Tensor:
        """Power iteration from a random direction, (A, T, D), on the surface of the ball."""
        shortest = step.share_norm(_SHORTEST_PROBE) * ball.group_sizes.sqrt()
        probe = torch.maximum(self.number("init_ratio", step) * ball.radius, shortest)
        direction = ball.normalize(draw_normal(step))
        for _ in range(self.spec.num_ascent_steps):
            direction = ball.normalize(step.differentiate(clean, direction * probe, objective))
        return ball.project(direction * ball.radius)


class Alum(VirtualAdversarial):
    """Liu et al. 2020, from memory: projected ascent from a small Gaussian start; the clean side is a fixed target.

    The magnitude is the radius, L-infinity per token by default; `step_ratio` and `init_ratio` are step and standard
    deviation of the start as shares of it. Steps go along g / |g| in the ball's norm (per token in L-infinity, as in
    the released code of SMART): not along the signs, which would turn where g is next to nothing. The released start is
    a hundredth of the step; the default here is a tenth of the radius, for the same reason as in VAT. The start stays
    in the ball, so that rounding to bfloat16 drowns the slope there where the ball is small: on a small XLM-R the
    median cosine with float32's disturbance was 0.96 to 1 at relative magnitudes of 0.1 and more, 0.8 at 0.03 and 0.3
    to 0.5 at 0.01, where an `init_ratio` of 1 raised it to 0.99.
    """

    def find(self, step: TrainingStep, ball: Ball, clean: Tensor, objective: Objective) -> Tensor:
        """Where the ascent ends, (A, T, D): its start counts as a part of it."""
        delta = start_ascent(self, step, ball, clean)
        length = self.number("step_ratio", step) * ball.radius
        for _ in range(self.spec.num_ascent_steps):
            gradient = step.differentiate(clean, delta, objective)
            delta = ball.project(delta + _unit_gradient(ball, gradient) * length)
        return delta


class Smart(Alum):
    """Jiang et al. 2020: the same ascent, on the symmetric divergence, through both sides of which it trains.

    After the paper the steps go on from the random start; the released code drops it, ascends one direction of the
    divergence, and cuts the disturbed pass off from the embedding table. The paper's other half, the Bregman proximal
    term, is not part of it. The released lengths, step 1e-3 from a start of 1e-5, are absolute.
    """

    def diverge(self, step: TrainingStep, target: Tensor, logits: Tensor) -> Tensor:
        """KL(target || logits) + KL(logits || target) of each trial, (A,)."""
        return diverge_both_ways(step, target, logits)


def diverge_both_ways(step: TrainingStep, one: Tensor, other: Tensor) -> Tensor:
    """Symmetric divergence KL(one || other) + KL(other || one) of each trial, (A,); gradients go to both."""
    return step.divergence(one, other) + step.divergence(other, one)


def weigh_divergence(method: Perturbation, step: TrainingStep) -> Tensor:
    """Weight of the divergence of each trial, (A,); 0 where an array's trial has magnitude 0.

    Its two passes differ by their dropout masks, which is no disturbance that anybody asked for.
    """
    is_disturbed = method.number("magnitude", step) > 0.0
    return (method.number("regularizer_weight", step) * is_disturbed)[:, 0, 0]


def _unit_gradient(ball: Ball, gradient: Tensor) -> Tensor:
    """The gradient, (A, T, D), at norm 1 of its group, in L-infinity of its token; 0 where masked."""
    if ball.norm == "l2":
        return ball.normalize(gradient)
    largest = gradient.abs().amax(-1, keepdim=True).clamp_min(torch.finfo(gradient.dtype).tiny)
    return torch.where(ball.mask, gradient / largest, 0.0)
