"""NEFTune (Jain et al. 2023): uniform noise on the word embeddings, smaller for longer sequences."""

from torch import Tensor

from xlt_core.perturbations.draws import draw_uniform
from xlt_core.perturbations.geometry import Ball
from xlt_core.perturbations.noise import Noise
from xlt_core.perturbations.step import TrainingStep


class Neftune(Noise):
    """Noise U(-1, 1) x alpha / sqrt(L D), with the magnitude as alpha: about alpha / sqrt(3) in L2 norm a sequence.

    L is the number of disturbed tokens of the sequence itself. Common implementations take the padded length of the
    batch, so that their scale depends on what else is in it, and disturb padding, too. The authors use an absolute
    alpha of 5, 10 or 15 on embeddings of large language models; `unit: relative`, ours, means alpha times the mean
    embedding norm x sqrt(L). The noise never leaves the L2 ball of the sequence, whose radius is alpha.
    """

    def draw(self, step: TrainingStep, ball: Ball, sample: int) -> Tensor:
        """A point of the cube inside each sequence's ball, (A, T, D)."""
        return draw_in_cube(step, ball, sample)


def draw_in_cube(step: TrainingStep, ball: Ball, sample: int = 0) -> Tensor:
    """A point uniform in the cube whose corners lie on the ball of each group: elements independent, (A, T, D).

    In L-infinity cube and ball are one.
    """
    half = ball.radius
    if ball.norm == "l2":
        half = half / (ball.group_sizes * step.width).sqrt()
    return ball.project(draw_uniform(step, sample) * half)
