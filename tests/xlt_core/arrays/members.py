"""Small fine-tunings that may train in one array. What they end with is the last checkpoint of each."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.examples import make_table
from tests.factories import build_model
from xlt_core.arrays.lockstep import Member, train_in_lockstep
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.finetune import FineTuning
from xlt_core.perturbations.spec import PerturbationSpec
from xlt_core.spec import OptimSpec, StageSpec
from xlt_core.tasks.base import Shape
from xlt_core.train import OnStep, Training, TrainOutcome, train

NUM_STEPS = 6
OPTIMS: tuple[dict[str, Any], ...] = (
    {"learning_rate": 1e-2, "weight_decay": 0.0, "max_grad_norm": 1.0},
    {"learning_rate": 3e-3, "weight_decay": 0.1, "max_grad_norm": 0.1},
    {"learning_rate": 5e-3, "weight_decay": 0.01, "max_grad_norm": 10.0, "warmup_ratio": 0.5},
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One trial, as what it depends on."""

    seed: int
    """Of weights and head; one of three ways to optimise goes with it."""
    data_seed: int
    """Of examples, order, masks and noise."""
    shape: Shape = "pair"
    dropout: float = 0.1
    perturbation: PerturbationSpec = field(default_factory=PerturbationSpec)
    optim: dict[str, Any] = field(default_factory=dict)

    @property
    def optim_spec(self) -> OptimSpec:
        """Sixteen examples a step: smaller matrices torch multiplies in another order when they are stacked."""
        return OptimSpec(**{"batch_size": 16, "num_steps": NUM_STEPS, **OPTIMS[self.seed % 3], **self.optim})

    def build(self) -> FineTuning:
        """A training that has not begun."""
        settings = StageSpec(task="pawsx", optim=self.optim_spec, perturbation=self.perturbation)
        model = build_model(self.shape, dropout=self.dropout, seed=self.seed)
        table = make_table(self.shape, 40, self.data_seed)
        return FineTuning(model, table, settings, seed=self.data_seed, device=torch.device("cpu"))

    def open(self, checkpoints: CheckpointFolder, on_step: OnStep | None = None, read_every: int = 1) -> Member:
        """A member of an array, from its newest checkpoint."""
        tuning = self.build()
        training = Training(
            tuning.module,
            self.optim_spec,
            checkpoints=checkpoints,
            checkpoint_every_steps=2 if read_every == 1 else NUM_STEPS,
            on_step=on_step,
            read_every=read_every,
        )
        return Member(tuning=tuning, training=training)


def train_alone(recipe: Recipe, folder: Path, until_step: int | None = None) -> TrainOutcome:
    """By the training loop, from the newest checkpoint in `folder`."""
    tuning, checkpoints = recipe.build(), CheckpointFolder(folder, "stage")
    settings: dict[str, Any] = {"checkpoints": checkpoints, "checkpoint_every_steps": 2, "until_step": until_step}
    return train(tuning, recipe.optim_spec, seed=tuning.seed, **settings)


def train_together(
    recipes: Sequence[Recipe], folders: Sequence[Path], on_step: OnStep | None = None, read_every: int = 1
) -> list[TrainOutcome]:
    """As an array, from the newest checkpoints in `folders`; the first member tells of its steps.

    Args:
        recipes: of the members.
        folders: theirs.
        on_step: told of the first's steps.
        read_every: steps whose logs are read together, as on a GPU; a checkpoint would read them, so that there is
            one in the end alone.
    """
    with ExitStack() as stack:
        opened = [CheckpointFolder(folder, "stage") for folder in folders]
        for checkpoints in opened:
            stack.enter_context(checkpoints.settled())
        members = [
            recipe.open(checkpoints, on_step if number == 0 else None, read_every)
            for number, (recipe, checkpoints) in enumerate(zip(recipes, opened, strict=True))
        ]
        train_in_lockstep(members)
        return [member.training.conclude(member.seconds) for member in members]


def read_end(folder: Path) -> dict[str, Tensor]:
    """Weights, the optimiser's moments and the log in the newest checkpoint, by name."""
    return load_file(max(folder.glob("step_*")) / "state.safetensors")


def are_equal(found: dict[str, Tensor], known: dict[str, Tensor]) -> bool:
    """To the last bit, NaN being NaN."""
    return found.keys() == known.keys() and all(
        np.array_equal(found[name], known[name], equal_nan=True) for name in known
    )
