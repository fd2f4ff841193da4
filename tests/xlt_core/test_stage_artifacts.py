"""What a stage leaves: read when it is whole, named by its key when it is not."""

import json
from dataclasses import asdict

import pytest

from xlt_core.artifacts import publish_folder
from xlt_core.errors import DamagedArtifactError, StoreError
from xlt_core.result import ArmRecord, StageCost
from xlt_core.stage_artifacts import read_arm, read_artifact, read_stage_cost
from xlt_core.workspace import Workspace

CHECKS = [{"name": "lengths", "passed": False}, {"name": "order", "passed": True}]
COST = StageCost(stage_key="key", kind="score", wall_seconds=2.0, num_steps=3, num_examples=4, is_shared=False)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    """One with an artifact."""
    workspace = Workspace(root=tmp_path)
    manifest = {"cost": asdict(COST), "status": "ok"}
    publish_folder(workspace.stages / "key", lambda folder: (folder / "data").write_bytes(b"whole"), manifest)
    return workspace


def test_a_whole_artifact_is_read_and_its_cost_is_that_of_a_shared_stage(workspace):
    manifest = read_artifact("key", workspace)
    assert manifest["status"] == "ok"
    assert asdict(read_stage_cost(manifest)) == {**asdict(COST), "is_shared": True}


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest", "half a manifest", "another manifest"])
def test_a_damaged_artifact_is_an_error_that_knows_its_key(workspace, damage):
    folder = workspace.stages / "key"
    manifest = folder / "manifest.json"
    if damage == "changed":
        (folder / "data").write_bytes(b"other")
    elif damage == "missing":
        (folder / "data").unlink()
    elif damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_bytes(manifest.read_bytes()[:-9])
    else:
        manifest.write_text(json.dumps({"status": "ok"}), encoding="utf-8")
    with pytest.raises(DamagedArtifactError) as raised:
        read_artifact("key", workspace)
    assert raised.value.stage_key == "key"
    assert isinstance(raised.value, StoreError)
    assert str(raised.value)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (
            {"arm": {"mean_difficulty": 0.75, "checks": CHECKS}},
            ArmRecord(mean_difficulty=0.75, failed_checks=("lengths",)),
        ),
        ({"arm": {"mean_difficulty": 0.75, "checks": CHECKS[1:]}}, ArmRecord(mean_difficulty=0.75, failed_checks=())),
        ({"arm": {"mean_difficulty": None, "checks": []}}, ArmRecord(failed_checks=())),
        ({"arm": {"dose": None, "half": 0}}, ArmRecord()),
        ({"arm": None}, None),
        ({"status": "ok"}, None),
    ],
)
def test_the_arm_of_a_stage_is_read_from_its_manifest(manifest, expected):
    assert read_arm(manifest) == expected
