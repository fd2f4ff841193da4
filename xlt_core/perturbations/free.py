"""FreeLB (Zhu et al. 2020): adversarial training in which every ascent step trains, too."""

from dataclasses import replace

import torch
from torch import Tensor

from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.geometry import Ball, build_ball
from xlt_core.perturbations.neftune import draw_in_cube
from xlt_core.perturbations.step import TrainingStep


class FreeLb(Perturbation):
    """K = `num_ascent_steps` passes from a random start; their losses / K train, and their gradients move delta.

    In terms of the released code: magnitude = adv_max_norm, `step_ratio` = adv_lr / adv_max_norm, `init_ratio` =
    adv_init_mag / adv_max_norm. The start is uniform in the cube inside the ball of radius adv_init_mag, so about
    0.58 of that in norm. Delta moves K - 1 times, so that adv_max_norm 0, there "unlimited", is a magnitude of
    adv_init_mag + (K - 1) adv_lr here. The authors' settings for GLUE (ALBERT, L2 a sequence, K = 3, `unit: absolute`,
    `mask: non_pad`):

    | task       | magnitude | step_ratio | init_ratio |
    | SST-2      | 0.6       | 0.167      | 1.667      |
    | QQP        | 0.7       | 0.286      | 0.457      |
    | MNLI       | 0.16      | 0.25       | 0.5        |
    | QNLI       | 0.2       | 0.25       | 0.5        |

    Ours differ from the released code in that the steps are masked as the start is (there only the start), the start
    is projected, and in L-infinity a step is the sign of the gradient (there the gradient over its largest element).
    The dropout masks are the same in all passes by default, as the authors have it.
    """

    def cost(self) -> Cost:
        """K of each: the pass that trains also gives delta's gradient. Behind the encoder one."""
        num_passes = 1 if self.spec.site == "last_hidden" else self.spec.num_ascent_steps
        return Cost(num_passes, num_passes, num_passes)

    def run(self, step: TrainingStep) -> Tensor:
        """Train on every point of the ascent; what lies below the site gets the sum of the gradients at once."""
        clean = step.reach()
        ball = build_ball(step, self.number("magnitude", step))
        delta = self.start(step, ball)
        total_loss = torch.zeros(len(self.specs), device=step.device)
        total_gradient = torch.zeros_like(clean)
        for number in range(1, self.spec.num_ascent_steps + 1):
            step.record(clean, delta, ball.mask)
            moved = (clean.detach() + delta).requires_grad_()
            total_loss += step.backward(step.loss(step.finish(moved)) / self.spec.num_ascent_steps)
            assert moved.grad is not None
            total_gradient += moved.grad
            if number < self.spec.num_ascent_steps:
                length = self.number("step_ratio", step) * ball.radius
                delta = ball.project(delta + ball.normalize(moved.grad) * length)
        if clean.requires_grad:
            clean.backward(total_gradient)  # type: ignore[no-untyped-call]
        return total_loss

    def start(self, step: TrainingStep, ball: Ball) -> Tensor:
        """Delta before the first pass, (A, T, D), inside the ball."""
        return ball.project(draw_in_cube(step, replace(ball, radius=ball.radius * self.number("init_ratio", step))))
