"""What a perturbation is, and what it may do within a training step.

Legend: A arrays of trials (1 today), T tokens of all sequences of the batch, D hidden size.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from xlt_core.data.batch import PackedBatch
from xlt_core.model import TrialModel
from xlt_core.spec import PerturbationSpec


class Cost(NamedTuple):
    """Passes through the encoder in one training step; plain training costs one of each."""

    num_forwards: int
    num_backwards: int


class TrainingStep:
    """One training step as a perturbation sees it: no task, no encoder class, no optimiser.

    Counts its passes, so that the declared cost of a method can be checked.
    """

    def __init__(self, model: TrialModel, batch: PackedBatch, *, seed: int, step: int, embedding_norm: float) -> None:
        self.batch = batch
        self.seed = seed
        self.step = step
        self.embedding_norm = embedding_norm
        """Mean L2 norm of the encoder's word embeddings when the stage began."""
        self.embedding_width = model.encoder.word_embedding.embedding_dim
        """D of the word embeddings; some encoders widen them inside."""
        self.num_forwards = 0
        self.num_backwards = 0
        self._model = model

    def embed(self) -> Tensor:
        """Clean word embeddings (A, T, D), attached to the embedding table."""
        return self._model.encoder.embed(self.batch)

    def compute_loss(self, embeddings: Tensor) -> Tensor:
        """Run forwards from word embeddings (A, T, D); mean loss, shape ()."""
        self.num_forwards += 1
        return self._model.compute_loss(self.batch, embeddings)

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of `loss` to the parameters."""
        self.num_backwards += 1
        loss.backward()  # type: ignore[no-untyped-call]

    def differentiate(self, loss: Tensor, wrt: Tensor) -> Tensor:
        """Gradient of `loss` with respect to `wrt` in float32; parameter gradients stay as they are."""
        self.num_backwards += 1
        (gradient,) = torch.autograd.grad(loss, wrt)
        return gradient.float()

    def take_plain(self) -> Tensor:
        """The undisturbed step; gives the detached loss."""
        loss = self.compute_loss(self.embed())
        self.backward(loss)
        return loss.detach()


class Perturbation(Protocol):
    """A perturbation plug-in. `tests/contracts/perturbation_contract.py` says what every one must keep."""

    def __init__(self, spec: PerturbationSpec) -> None: ...

    def cost(self) -> Cost:
        """Passes a step takes at these settings."""
        ...

    def run(self, step: TrainingStep) -> Tensor:
        """Take the step: leave gradients in the parameters, give the detached loss, shape ()."""
        ...
