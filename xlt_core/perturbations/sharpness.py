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
    """A `Displacement` that keeps copies of the weights as they were."""

    weights: Sequence[Tensor]
    copies: Sequence[Tensor]
    ratio: Tensor

    def undo(self) -> None:
        """See `Displacement.undo`."""
        with torch.no_grad():
            for weight, copy in zip(self.weights, self.copies, strict=True):
                weight.copy_(copy)


class Sam(Perturbation):
    """Weights move by rho g / ||g||, with the magnitude as rho (the authors: 0.05) and the norm over all weights.

    Trained weights are all those that got a gradient, head, biases and layer norms included. The passes of the two
    rounds draw dropout masks of their own by default, as public implementations have it.
    """

    def cost(self) -> Cost:
        """Everything twice."""
        return Cost(2, 2, 2)

    def run(self, step: TrainingStep) -> Tensor:
        """One micro-batch of either round: a plain pass."""
        return step.take_plain()

    def displace_weights(self, model: nn.Module) -> MovedWeights:
        """Move the weights uphill along their gradients.

        Raises:
            SpecError: several trials share the weights, so that they cannot move apart.
        """
        found = [parameter for parameter in model.parameters() if parameter.grad is not None]
        weights = [parameter.detach() for parameter in found]
        gradients = [parameter.grad for parameter in found if parameter.grad is not None]
        num_trials = len(self.specs)
        if num_trials > 1 and any(weight.ndim == 0 or weight.shape[0] != num_trials for weight in weights):
            raise SpecError(
                f"{num_trials} trials with '{self.spec.method}' share their weights, which each would move in its own "
                f"direction; stack the weights of the trials along a leading axis of {num_trials}, or train them apart"
            )
        stacked = [weight if num_trials > 1 else weight[None] for weight in weights]
        slopes = [gradient if num_trials > 1 else gradient[None] for gradient in gradients]
        magnitudes = torch.tensor([spec.magnitude for spec in self.specs])
        moves = find_moves(slopes, magnitudes.to(slopes[0].device), self.find_scales(stacked))
        ratio = stacked_norm(moves) / stacked_norm(stacked).clamp_min(_TINY)
        copies = [weight.clone() for weight in weights]
        for weight, move in zip(stacked, moves, strict=True):
            weight.add_(move)
        return MovedWeights(weights=weights, copies=copies, ratio=ratio)

    def find_scales(self, weights: Sequence[Tensor]) -> list[Tensor] | None:
        """How much each weight counts, (A, ...) each; none: all the same."""
        del weights
        return None


class Asam(Sam):
    """Weights move by rho T^2 g / ||T g|| with T = |w| + 0.01: large ones further, so that rescaling changes nothing.

    The magnitude is rho (the authors: 0.5 to 2). That T is taken of biases, too, is our choice.
    """

    def find_scales(self, weights: Sequence[Tensor]) -> list[Tensor]:
        """T of each weight."""
        return [weight.abs() + _ASAM_ETA for weight in weights]


def find_moves(gradients: Sequence[Tensor], magnitudes: Tensor, scales: Sequence[Tensor] | None = None) -> list[Tensor]:
    """The move of length `magnitudes` (A,), measured in units of `scales`, along which the loss rises most.

    Args:
        gradients: stacked along a leading axis of A trials, each of which has a norm of its own.
        magnitudes: one a trial.
        scales: T, as `gradients`; none given: 1.
    """
    slopes = gradients if scales is None else [scale * slope for scale, slope in zip(scales, gradients, strict=True)]
    lengths = magnitudes / (stacked_norm(slopes) + _TINY)
    moves = [slope * lengths.view(-1, *[1] * (slope.ndim - 1)) for slope in slopes]
    return moves if scales is None else [scale * move for scale, move in zip(scales, moves, strict=True)]


def stacked_norm(tensors: Sequence[Tensor]) -> Tensor:
    """L2 norm over all tensors of each of A trials, (A, ...) each, to (A,), in float32."""
    norms = [torch.linalg.vector_norm(tensor.float().reshape(len(tensor), -1), dim=1) for tensor in tensors]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return norm
