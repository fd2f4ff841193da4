"""The one training loop: AdamW, linear warm-up and decay, clipping, a fixed number of steps, exact resume.

In: an `Objective`. Out: a `TrainOutcome`, and the objective's module trained in place.
"""

from typing import Protocol

from torch import Tensor, nn


class Objective(Protocol):
    """What one kind of training minimises; the loop knows no task, no perturbation and no encoder."""

    module: nn.Module
    """Its parameters are trained, checkpointed and restored."""

    def backward(self, step: int) -> Tensor:
        """Leave the gradients of step `step` (from 0) in the parameters; give the detached loss, shape ().

        Everything drawn at random is keyed by the step, so that a step can be taken again after a restart.
        """
        ...
