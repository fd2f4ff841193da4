"""What target stages trained, kept so that a trial can be scored on more later. In: a model. Out: a published folder.

An encoder folder as any other, with the head beside it; scores of a model that is read back are the same bits.
"""

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load_file, save_file

from xlt_core.artifacts import publish_folder, read_manifest
from xlt_core.encoders.loading import load_encoder
from xlt_core.heads import build_head
from xlt_core.model import TrialModel
from xlt_core.perturbations.base import build_perturbation
from xlt_core.spec import TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.tasks import load_task
from xlt_core.workspace import Workspace

logger = logging.getLogger(__name__)

_HEAD = "head.safetensors"


class KeptWeights(NamedTuple):
    """A trained model, and what its manifest says of the training."""

    model: TrialModel
    manifest: dict[str, Any]


def keep_weights(model: TrialModel, stage: Stage, workspace: Workspace, manifest: Mapping[str, Any]) -> Path:
    """Publish a trained model under the key of its target stage; give the folder."""

    def write(folder: Path) -> None:
        model.encoder.save(folder)
        save_file({name: tensor.contiguous() for name, tensor in model.head.state_dict().items()}, folder / _HEAD)

    described = {"stage": stage.model_dump(mode="json"), **manifest}
    return publish_folder(workspace.weights / stage.key, write, described)


def load_weights(stage: Stage, spec: TrialSpec, workspace: Workspace) -> KeptWeights | None:
    """Read a kept model back, on the CPU; none where it is damaged and must be trained again."""
    folder = workspace.weights / stage.key
    try:
        manifest = read_manifest(folder)
    except (FileNotFoundError, ValueError, KeyError) as error:
        logger.warning("kept weights are damaged and will be trained again: %s", error)
        shutil.rmtree(folder, ignore_errors=True)
        return None
    settings = stage.settings
    assert settings is not None, "a target stage has a task"
    task = load_task(settings.task)
    encoder = load_encoder(folder, dropout=spec.model.dropout)
    model = TrialModel(encoder, build_head(task.shape, encoder.hidden_size, len(task.labels), spec.model, seed=0))
    build_perturbation([settings.perturbation]).prepare(model)  # its head may have more than weights
    model.head.load_state_dict(load_file(folder / _HEAD))
    return KeptWeights(model, manifest)
