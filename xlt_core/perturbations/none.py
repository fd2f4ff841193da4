"""No perturbation: plain training."""

from torch import Tensor

from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.step import TrainingStep


class Plain(Perturbation):
    """What every other method equals, bit for bit, at magnitude 0."""

    def cost(self) -> Cost:
        """One of each."""
        return Cost(1, 1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the plain step."""
        return step.take_plain()
