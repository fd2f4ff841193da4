"""Fine-tuning as an objective of the training loop. In: a token table and a model. Out: gradients, step by step."""

import torch
from torch import Tensor

from xlt_core.data.batches import TrainingOrder, pack
from xlt_core.data.tokens import TokenTable
from xlt_core.model import TrialModel
from xlt_core.perturbations import load_perturbation
from xlt_core.perturbations.base import Perturbation, TrainingStep
from xlt_core.spec import StageSpec


class FineTuning:
    """The objective of the intermediate and the target stage: a pure function of the step, so that steps repeat."""

    def __init__(
        self, model: TrialModel, table: TokenTable, settings: StageSpec, *, seed: int, device: torch.device
    ) -> None:
        assert settings.optim is not None, "a canonical stage carries its recipe"
        self.module = model
        self.settings = settings
        self.perturbation: Perturbation = load_perturbation(settings.perturbation.method)(settings.perturbation)
        self._table = table
        self._order = TrainingOrder(
            num_examples=len(table),
            batch_size=settings.optim.batch_size,
            seed=seed,
            max_examples=settings.max_train_examples,
        )
        self._seed = seed
        self._device = device
        self._embedding_norm = mean_embedding_norm(model)

    def backward(self, step: int) -> Tensor:
        """Take one step through the perturbation; under bfloat16 autocast on CUDA."""
        batch = pack(self._table, self._order.indices(step)).to(self._device)
        context = TrainingStep(self.module, batch, seed=self._seed, step=step, embedding_norm=self._embedding_norm)
        with autocast(self._device):
            return self.perturbation.run(context)


def mean_embedding_norm(model: TrialModel) -> float:
    """Mean L2 norm of the rows of the word-embedding table, padding left out: the unit `relative`."""
    table = model.encoder.word_embedding
    norms = table.weight.detach().float().norm(dim=-1)
    if table.padding_idx is None:
        return float(norms.mean())
    return float((norms.sum() - norms[table.padding_idx]) / (len(norms) - 1))


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA; float32 elsewhere, where resume is bit-exact."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
