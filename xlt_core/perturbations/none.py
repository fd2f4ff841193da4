"""No perturbation: plain training."""

from torch import Tensor

from xlt_core.perturbations.base import Cost, TrainingStep
from xlt_core.spec import PerturbationSpec


class Plain:
    """What every other method equals, bit for bit, at magnitude 0."""

    def __init__(self, spec: PerturbationSpec) -> None:
        self.spec = spec

    def cost(self) -> Cost:
        """One forward, one backward."""
        return Cost(1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the plain step."""
        return step.take_plain()
