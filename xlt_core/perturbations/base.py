"""What a perturbation is, and what it may do: to the training data, within a training step, to the weights.

Legend: A arrays of trials (1 today).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from xlt_core.edits.base import Edit
from xlt_core.errors import SpecError
from xlt_core.model import TrialModel
from xlt_core.perturbations import METHODS, load_perturbation
from xlt_core.perturbations.spec import NUMBERS, PerturbationSpec, canonical_perturbation
from xlt_core.perturbations.step import TrainingStep

Rows = npt.NDArray[np.int64]


class Cost(NamedTuple):
    """Passes through the encoder in one training step; plain training costs one of each."""

    num_forwards: float
    num_backwards: float
    """Backward passes, each for the gradient of what went in."""
    num_weight_gradients: float
    """Those of them that give the gradients of the weights, too."""

    @property
    def ideal_ratio(self) -> float:
        """Time of a step over that of a plain one, were all three kinds of work equally long."""
        return sum(self) / 3


class ProbedLosses(NamedTuple):
    """Cross-entropy of one batch, (A,), apart from all other terms of a method's loss."""

    clean: Tensor
    disturbed: Tensor | None


class Displacement(Protocol):
    """Weights that have been moved for a second pass."""

    @property
    def ratio(self) -> Tensor:
        """Norm of the move over that of the weights, (A,)."""
        ...

    def undo(self) -> None:
        """Put the weights back, bit for bit."""
        ...


class Perturbation(ABC):
    """A perturbation plug-in. `tests/contracts/perturbation_contract.py` says what every one must keep.

    A method overrides `run`, and of the other hooks those that it needs. It is built from the settings of A trials.
    """

    moves_weights: ClassVar[bool] = False
    """Whether `displace_weights` does anything; it moves weights (A, ...) of all trials together."""

    def __init__(self, specs: Sequence[PerturbationSpec]) -> None:
        """Take the settings of each of the A trials.

        Raises:
            SpecError: they differ in more than numbers.
        """
        fixed = [spec.model_dump(exclude={*NUMBERS}) for spec in specs]
        if any(one != fixed[0] for one in fixed):
            raise SpecError(f"perturbations of one array differ in more than {', '.join(NUMBERS)}; train them apart")
        self.specs = tuple(specs)
        self.spec = specs[0]

    @abstractmethod
    def cost(self) -> Cost:
        """Passes a step takes at these settings."""

    @abstractmethod
    def run(self, step: TrainingStep) -> Tensor:
        """Take the step: leave gradients in the parameters, give the detached loss, (A,)."""

    def prepare(self, model: TrialModel) -> None:
        """Change the model before training, for good."""
        del model

    def edit_examples(self, seed: int) -> Edit | None:
        """What is done to the training examples before they are tokenized; none: nothing.

        An edit gives all copies of the examples, one copy after the other, and then the examples as they were.
        """
        del seed
        return None

    def partner_rows(self, rows: Rows, num_examples: int, *, seed: int, step: int) -> Rows | None:
        """Rows of the training table that a step needs beside its own, one for each; none for most methods.

        Args:
            rows: of the whole step, shape (batch_size,).
            num_examples: N, before they were edited; what an edit keeps of them follows its copies.
            seed: of the stage.
            step: from 0.
        """
        del rows, num_examples, seed, step
        return None

    def displace_weights(self, model: nn.Module) -> Displacement | None:
        """Move the weights along the gradients of the step's first round; the second decides. None: one round."""
        del model
        return None

    def probe(self, step: TrainingStep) -> ProbedLosses:
        """Cross-entropy after the step without its disturbance, and with it where there is one of a site."""
        clean = step.reach()
        disturbed = None if step.delta is None else step.loss(step.finish(clean + step.delta))
        return ProbedLosses(step.loss(step.finish(clean)), disturbed)

    @property
    def num_copies(self) -> int:
        """K: copies of every training example; row j N + i is copy j of example i of N."""
        return self.spec.num_copies if "num_copies" in METHODS[self.spec.method].reads else 1

    def number(self, name: str, step: TrainingStep) -> Tensor:
        """A numeric field of all trials, float32 (A, 1, 1)."""
        return self._numbers[NUMBERS.index(name)].to(step.device, non_blocking=True)[:, None, None]

    @cached_property
    def _numbers(self) -> Tensor:
        return torch.tensor([[getattr(spec, name) for spec in self.specs] for name in NUMBERS])


def build_perturbation(specs: Sequence[PerturbationSpec]) -> Perturbation:
    """The method of an array of trials: plain training where it is off in all of them.

    Raises:
        SpecError: the trials differ in more than numbers.
    """
    plain = [canonical_perturbation(spec) for spec in specs]
    if all(spec.method == "none" for spec in plain):
        specs = plain
    perturbation: Perturbation = load_perturbation(specs[0].method)(specs)
    return perturbation
