"""Sharpness-aware minimisation: SAM (Foret et al. 2021) and ASAM (Kwon et al. 2021).

A step has two rounds over all its micro-batches: the gradients of the first say where to move the weights, those of
the second, taken there, are what the optimiser gets, at the weights as they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from xlt_core.errors import SpecError
from xlt_core.perturbations.base import Cost, Perturbation
from xlt_core.perturbations.step import TrainingStep

_TINY = 1e-12
_ASAM_ETA = 0.01
"""Added to |w|, so that weights at 0 can move; our choice."""


@dataclass(frozen=True, kw_only=True)
class MovedWeights:
    """A `Displacement`: the parameters hold other tensors for a while, so that putting them back is exact."""

    parameters: Sequence[nn.Parameter]
    weights: Sequence[Tensor]
    """Of each parameter, as they were."""
    ratio: Tensor

    def undo(self) -> None:
        """See `Displacement.undo`."""
        for parameter, weight in zip(self.parameters, self.weights, strict=True):
            parameter.data = weight


class Sam(Perturbation):
    """Weights move by rho g / ||g||, with the magnitude as rho (the authors: 0.05) and the norm over all weights.

    Trained weights are all those that got a gradient, head, biases and layer norms included. The passes of the two
    rounds draw dropout masks of their own by default, as public implementations have it.
    """

    moves_weights = True

    def cost(self) -> Cost:
        """Everything twice."""
        return Cost(2, 2, 2)

    def run(self, step: TrainingStep) -> Tensor:
        """One micro-batch of either round: a plain pass."""
        return step.take_plain()

    def displace_weights(self, model: nn.Module) -> MovedWeights:
        """Move the weights uphill along their gradients, which are used up: the moved weights lie in their memory.

        Raises:
            SpecError: several trials share the weights, so that they cannot move apart.
        """
        parameters = [parameter for parameter in model.parameters() if parameter.grad is not None]
        weights = [parameter.detach() for parameter in parameters]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        num_trials = len(self.specs)
        if num_trials > 1 and any(weight.ndim == 0 or weight.shape[0] != num_trials for weight in weights):
            raise SpecError(
                f"{num_trials} trials with '{self.spec.method}' share their weights, which each would move in its own "
                f"direction; stack the weights of the trials along a leading axis of {num_trials}, or train them apart"
            )
        magnitudes = torch.tensor([spec.magnitude for spec in self.specs]).to(gradients[0].device, non_blocking=True)
        ratio = self.move(_rows(weights, num_trials), _rows(gradients, num_trials), magnitudes)
        for parameter, moved in zip(parameters, gradients, strict=True):
            parameter.data, parameter.grad = moved, None
        return MovedWeights(parameters=parameters, weights=weights, ratio=ratio)

    def move(self, weights: Sequence[Tensor], slopes: Sequence[Tensor], magnitudes: Tensor) -> Tensor:
        """Replace gradients by moved weights; give the norm of the move over that of the weights, (A,).

        Args:
            weights: of A trials, each of which has norms of its own; shape (A, numbers) each.
            slopes: their gradients, of the same shapes; overwritten.
            magnitudes: shape (A,).
        """
        lengths = magnitudes / self.aim(weights, slopes).clamp_min(_TINY)
        ratio = lengths * measure_norm(slopes) / measure_norm(weights).clamp_min(_TINY)
        for slope, weight in zip(slopes, weights, strict=True):
            slope.mul_(lengths[:, None]).add_(weight)
        return ratio

    def aim(self, weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
        """Turn gradients into directions, in place; give the norm that makes rho of them, (A,)."""
        del weights
        return measure_norm(slopes)


class Asam(Sam):
    """Weights move by rho T^2 g / ||T g|| with T = |w| + 0.01: large ones further, so that rescaling changes nothing.

    The magnitude is rho (the authors: 0.5 to 2). That T is taken of biases, too, is our choice.
    """

    def aim(self, weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
        """Multiply by T, measure, and multiply by T again."""
        _scale(slopes, weights)
        norm = measure_norm(slopes)
        _scale(slopes, weights)
        return norm


def _rows(tensors: Sequence[Tensor], num_trials: int) -> list[Tensor]:
    return [tensor.view(num_trials, -1) for tensor in tensors]


def _scale(slopes: Sequence[Tensor], weights: Sequence[Tensor]) -> None:
    for slope, weight in zip(slopes, weights, strict=True):
        slope.mul_(weight.abs().add_(_ASAM_ETA))  # made twice: to keep T of all weights costs more than to make it


def measure_norm(tensors: Sequence[Tensor]) -> Tensor:
    """L2 norm over all tensors of each of A trials, (A, numbers) each, to (A,); summed up as for a trial alone."""
    norms = []
    for array in range(len(tensors[0])):
        own = [torch.linalg.vector_norm(tensor[array : array + 1], dim=1) for tensor in tensors]
        norms.append(torch.linalg.vector_norm(torch.stack(own), dim=0))
    return torch.cat(norms)
