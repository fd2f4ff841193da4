"""Checkpoints of unfinished training: weights, optimiser moments and the log of every step.

In: a training state. Out: one published folder a checkpoint, of which the newest undamaged one is restored. Random
streams are keyed by step and need no state.
"""

import json
import logging
import math
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from xlt_core.artifacts import publish_folder, read_manifest, remove_partial_folders
from xlt_core.errors import StoreError

logger = logging.getLogger(__name__)

_TENSORS = "state.safetensors"
_NUM_KEPT = 2


@dataclass(kw_only=True)
class TrainingState:
    """Everything that a step changes."""

    module: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    """Steps taken."""
    log: dict[str, list[float]] = field(default_factory=dict)
    """By name, one number a step taken; NaN where a step had none."""

    def append(self, values: Mapping[str, float]) -> None:
        """Count a step and keep what it logged."""
        for name in {**self.log, **values}:
            self.log.setdefault(name, [math.nan] * self.step).append(values.get(name, math.nan))
        self.step += 1


class CheckpointFolder:
    """The checkpoints of one stage, under `folder/step_<steps taken>/`."""

    def __init__(self, folder: Path, stage_key: str) -> None:
        self.folder = folder
        self.stage_key = stage_key

    def save(self, state: TrainingState) -> None:
        """Publish the state; older checkpoints but the last are deleted afterwards."""
        final = self.folder / f"step_{state.step:08d}"
        if final.exists():  # a damaged one of the same step, or restore would have begun after it
            shutil.rmtree(final)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _named_tensors(state)}
        tensors |= {f"log.{name}": torch.tensor(values, dtype=torch.float64) for name, values in state.log.items()}
        manifest = {"stage_key": self.stage_key, "step": state.step}
        publish_folder(final, lambda folder: save_file(tensors, folder / _TENSORS), manifest)
        for outdated in self._newest_first()[_NUM_KEPT:]:
            shutil.rmtree(outdated, ignore_errors=True)

    def restore(self, state: TrainingState) -> None:
        """Put the newest undamaged checkpoint into `state`; leave it as it is where there is none."""
        remove_partial_folders(self.folder)
        for folder in self._newest_first():
            try:
                manifest = read_manifest(folder)
            except (StoreError, OSError, json.JSONDecodeError) as error:
                logger.warning("skipping a damaged checkpoint: %s", error)
                continue
            if manifest["stage_key"] == self.stage_key:
                _load(state, load_file(folder / _TENSORS))
                state.step = manifest["step"]
                return

    def clear(self) -> None:
        """Delete all of them; called when the stage's result is published."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _newest_first(self) -> list[Path]:
        return sorted((path for path in self.folder.glob("step_????????")), reverse=True)


def _named_tensors(state: TrainingState) -> Iterator[tuple[str, Tensor]]:
    """Parameters (tied ones once), persistent buffers, and the optimiser's tensors of each parameter."""
    parameters = dict(state.module.named_parameters())
    yield from ((f"module.{name}", tensor) for name, tensor in parameters.items())
    saved = state.module.state_dict()
    yield from ((f"module.{name}", buffer) for name, buffer in state.module.named_buffers() if name in saved)
    for name, parameter in parameters.items():
        for kind, value in state.optimizer.state.get(parameter, {}).items():
            yield f"optimizer.{kind}.{name}", value


def _load(state: TrainingState, tensors: dict[str, Tensor]) -> None:
    """Copy saved tensors into the module and the optimiser."""
    parameters = dict(state.module.named_parameters())
    targets = parameters | dict(state.module.named_buffers())
    with torch.no_grad():
        for key, tensor in tensors.items():
            section, _, name = key.partition(".")
            if section == "module":
                targets[name].copy_(tensor)
            elif section == "optimizer":
                kind, _, name = name.partition(".")
                parameter = parameters[name]
                is_counter = tensor.ndim == 0 and kind == "step" and not parameter.is_cuda
                value = tensor if is_counter else tensor.to(parameter.device)
                state.optimizer.state[parameter][kind] = value
            elif section == "log":
                state.log[name] = tensor.tolist()
