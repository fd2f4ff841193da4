"""A small trial on pairs of sentences, after an intermediate stage, that several tests run."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from tests.factories import build_encoder, write_pair_folder
from xlt_core.plan import TrialPlan, plan_trial
from xlt_core.result import TrialResult
from xlt_core.spec import parse_trial_spec
from xlt_core.workspace import Workspace

NUM_STEPS = 60


def write_inputs(folder: Path) -> Path:
    """Write an encoder folder and a data folder."""
    build_encoder(dropout=0.1).save(folder / "encoder")
    write_pair_folder(folder / "data")
    return folder


def build_plan(inputs: Path, **change) -> TrialPlan:
    stage = {"task": "pawsx", "data": str(inputs / "data")}
    perturbed = {**stage, "perturbation": {"method": "pgd", "magnitude": 0.05, "init": "uniform"}}
    base = {
        "encoder": str(inputs / "encoder"),
        "intermediate": {**stage, "optim": {"num_steps": 20, "learning_rate": 1e-3}},
        "target": perturbed,
        "optim": {"num_steps": NUM_STEPS, "learning_rate": 5e-3, "batch_size": 16},
        "model": {"pooling": "mean"},
    }
    return plan_trial(parse_trial_spec(base | change))


def build_workspace(root: Path, every: int = 7, **change) -> Workspace:
    return Workspace(root=root, device="cpu", checkpoint_every_steps=every, **change)


def final_weights(plan: TrialPlan, workspace: Workspace) -> dict[str, torch.Tensor]:
    folder = workspace.checkpoints / plan.trial_id / f"step_{NUM_STEPS:08d}"
    return {name: value for name, value in load_file(folder / "state.safetensors").items() if "module" in name}


def comparable(result: TrialResult) -> dict[str, object]:
    """What must not depend on when, how often and how fast the trial ran."""
    kept = ("status", "reason", "num_steps", "final_train_loss", "source_dev_score", "scores")
    predictions = [(each.language, each.predicted.tolist()) for each in result.predictions]
    return {name: getattr(result, name) for name in kept} | {"predictions": predictions}
