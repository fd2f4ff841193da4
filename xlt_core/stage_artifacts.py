"""What a stage leaves in a workspace: its artifact, verified before it is used, and its unfinished training.

In: a stage's key. Out: its manifest, what that says, or its checkpoints.
"""

from collections.abc import Mapping
from typing import Any

from xlt_core.artifacts import read_manifest
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.errors import DamagedArtifactError
from xlt_core.result import ArmRecord, StageCost
from xlt_core.stage_plan import Stage
from xlt_core.workspace import Workspace


def read_artifact(key: str, workspace: Workspace) -> dict[str, Any]:
    """Read and verify the manifest of a published stage.

    Raises:
        DamagedArtifactError: it is not there, or not as it was published.
    """
    try:
        return read_manifest(workspace.stages / key)
    except (FileNotFoundError, ValueError, KeyError) as error:  # no folder, other bytes, or no manifest any more
        raise DamagedArtifactError(str(error), key) from error


def open_checkpoints(name: str, stage: Stage, workspace: Workspace) -> CheckpointFolder:
    """The unfinished training of a stage, in a folder of this name."""
    mirror = workspace.mirror.under(name) if workspace.mirror is not None else None
    return CheckpointFolder(workspace.checkpoints / name, stage.key, mirror)


def read_stage_cost(manifest: Mapping[str, Any]) -> StageCost:
    """What a published stage took, marked as shared."""
    return StageCost(**{**manifest["cost"], "is_shared": True})


def read_arm(manifest: Mapping[str, Any]) -> ArmRecord | None:
    """How hard the arm was that a published stage was trained on, and which of its checks failed."""
    arm = manifest.get("arm")
    if arm is None:
        return None
    failed = tuple(check["name"] for check in arm["checks"] if not check["passed"]) if "checks" in arm else None
    return ArmRecord(mean_difficulty=arm.get("mean_difficulty"), failed_checks=failed)
