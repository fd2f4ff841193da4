"""The passes of one training step, of one trial or of an array of them. In: a perturbation, micro-batches. Out: a log.

Legend: A arrays of trials.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from xlt_core.model import TrialModel
from xlt_core.perturbations.base import Perturbation
from xlt_core.perturbations.step import Sizes, TrainingStep
from xlt_core.train import StepLog

_COUNTS = ("num_forwards", "num_backwards", "num_weight_gradients")


class Passes:
    """The passes of one training step of A trials over its micro-batches."""

    def __init__(
        self, module: TrialModel, perturbation: Perturbation, contexts: Sequence[TrainingStep], sizes: Sizes
    ) -> None:
        """Take a step that has no gradients yet; `sizes` is where its contexts gather theirs."""
        self._module = module
        self._perturbation = perturbation
        self._contexts = contexts
        self._sizes = sizes

    def take(self) -> StepLog:
        """Leave the gradients in the parameters; the log's tensors have the shape (A,)."""
        loss = self._accumulate()
        log: StepLog = {"loss": loss}
        displacement = self._perturbation.displace_weights(self._module)
        if displacement is not None:
            self._module.zero_grad(set_to_none=True)
            try:
                log["loss_gap"] = self._accumulate() - loss
            finally:
                displacement.undo()
            log["size_mean"] = log["size_max"] = displacement.ratio
        if self._sizes.mean is not None and self._sizes.largest is not None:
            log["size_mean"], log["size_max"] = self._sizes.mean, self._sizes.largest
        for name in _COUNTS:
            log[name] = sum(getattr(context, name) for context in self._contexts) / len(self._contexts)
        return log

    def probe(self) -> StepLog:
        """Cross-entropy of the step's examples, and what their disturbance adds to it; both without dropout."""
        self._module.eval()
        with torch.no_grad(), autocast(self._contexts[0].device):
            probes = [self._perturbation.probe(context) for context in self._contexts]
        self._module.train()
        log: StepLog = {"clean_loss": torch.stack([probe.clean for probe in probes]).sum(0)}
        disturbed = [probe.disturbed for probe in probes if probe.disturbed is not None]
        if disturbed:
            log["loss_gap"] = torch.stack(disturbed).sum(0) - log["clean_loss"]
        return log

    def _accumulate(self) -> Tensor:
        """Add the gradients of all micro-batches; the detached losses of the step, shape (A,)."""
        with autocast(self._contexts[0].device):
            losses = [self._perturbation.run(context) for context in self._contexts]
        return torch.stack(losses).sum(0)


def select_member(log: StepLog, array: int) -> StepLog:
    """One trial's part of a log whose tensors have the shape (A,)."""
    return {name: value[array] if isinstance(value, Tensor) else value for name, value in log.items()}


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA; float32 elsewhere, where resume is bit-exact."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
