"""Checkpoints: the newest undamaged one is restored, and no more than two stay."""

import math
import shutil
from pathlib import Path

import torch
from torch import nn

from xlt_core.checkpoints import CheckpointFolder, TrainingState
from xlt_core.spec import OptimSpec
from xlt_core.updates import build_optimizer


def build_state(seed: int) -> TrainingState:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    return TrainingState(module=module, optimizer=build_optimizer(module, OptimSpec()))


def take_steps(state: TrainingState, num_steps: int) -> None:
    for _ in range(num_steps):
        state.module(torch.randn(8, 4)).square().sum().backward()
        state.optimizer.step()
        state.append({"loss": state.step / 3, "grad_norm": state.step / 7})
        state.step += 1


def save_three(folder, key="stage") -> TrainingState:
    state = build_state(0)
    for _ in range(3):
        take_steps(state, 2)
        CheckpointFolder(folder, key).save(state)
    return state


def test_a_restored_state_has_the_same_weights_buffers_moments_and_log(tmp_path):
    saved = save_three(tmp_path)
    restored = build_state(1)
    CheckpointFolder(tmp_path, "stage").restore(restored)
    assert (restored.step, restored.log) == (6, saved.log)
    for name, tensor in saved.module.state_dict().items():
        assert torch.equal(restored.module.state_dict()[name], tensor), name
    parameters = zip(saved.module.parameters(), restored.module.parameters(), strict=True)
    for one, other in parameters:
        moments = saved.optimizer.state[one]
        assert moments
        assert all(torch.equal(restored.optimizer.state[other][kind], moments[kind]) for kind in moments)


def test_two_checkpoints_are_kept(tmp_path):
    save_three(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00000004", "step_00000006"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, caplog):
    save_three(tmp_path)
    file = tmp_path / "step_00000006" / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-3] + b"bad")
    restored = build_state(1)
    CheckpointFolder(tmp_path, "stage").restore(restored)
    assert restored.step == 4
    assert "changed since it was published" in caplog.text


def test_a_half_written_checkpoint_is_not_seen(tmp_path):
    save_three(tmp_path)
    (tmp_path / "step_00000006").rename(tmp_path / "step_00000006.partial-1234")
    restored = build_state(1)
    CheckpointFolder(tmp_path, "stage").restore(restored)
    assert restored.step == 4
    assert not list(tmp_path.glob("*partial*"))


def test_a_checkpoint_of_another_stage_is_not_restored(tmp_path):
    save_three(tmp_path, key="another stage")
    restored = build_state(1)
    CheckpointFolder(tmp_path, "stage").restore(restored)
    assert restored.step == 0


def test_a_name_that_not_every_step_logs_is_not_a_number_where_it_was_not_logged():
    state = build_state(0)
    for values in ({"loss": 1.0}, {"loss": 2.0, "size": 0.5}, {"loss": 3.0}):
        state.append(values)
        state.step += 1
    assert state.log["loss"] == [1.0, 2.0, 3.0]
    assert state.log["size"][1] == 0.5
    assert all(math.isnan(state.log["size"][step]) for step in (0, 2))


def test_a_later_checkpoint_than_asked_for_is_passed_over(tmp_path):
    save_three(tmp_path)
    for at_most, expected in ((6, 6), (5, 4), (3, 0)):
        restored = build_state(1)
        CheckpointFolder(tmp_path, "stage").restore(restored, at_most=at_most)
        assert restored.step == expected


def test_the_size_of_micro_batches_that_fitted_is_kept(tmp_path):
    state = build_state(0)
    state.micro_batch_size = 4
    take_steps(state, 1)
    CheckpointFolder(tmp_path, "stage").save(state)
    restored = build_state(1)
    CheckpointFolder(tmp_path, "stage").restore(restored)
    assert restored.micro_batch_size == 4


class FolderOfFolders:
    """A mirror in another folder; what storage does is tested where storage is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)

    def under(self, name: str) -> "FolderOfFolders":
        return FolderOfFolders(self.root / name)

    def push_folder(self, folder: Path) -> None:
        shutil.copytree(folder, self.root / folder.name)

    def fetch_folder(self, name: str, parent: Path) -> bool:
        shutil.copytree(self.root / name, parent / name)
        return True

    def list_names(self) -> list[str]:
        return [path.name for path in self.root.iterdir()]

    def delete(self, name: str) -> None:
        shutil.rmtree(self.root / name, ignore_errors=True)


def test_a_training_goes_on_where_another_machine_left_it(tmp_path):
    mirror = FolderOfFolders(tmp_path / "remote")
    state = build_state(0)
    first = CheckpointFolder(tmp_path / "first", "stage", mirror)
    for _ in range(3):
        take_steps(state, 2)
        first.save(state)
    first.note("rung_00000004", {"score": 0.5})
    assert sorted(mirror.list_names()) == ["rung_00000004", "step_00000004", "step_00000006"]
    elsewhere, restored = CheckpointFolder(tmp_path / "second", "stage", mirror), build_state(1)
    elsewhere.restore(restored)
    assert restored.step == 6
    assert torch.equal(restored.module[0].weight, state.module[0].weight)
    assert [note["score"] for note in elsewhere.read_notes("rung_")] == [0.5]
    elsewhere.clear()
    assert not mirror.list_names()
    assert not (tmp_path / "second").exists()


def test_a_newer_checkpoint_in_the_mirror_comes_before_an_older_one_here(tmp_path):
    mirror, state = FolderOfFolders(tmp_path / "remote"), build_state(0)
    take_steps(state, 1)
    CheckpointFolder(tmp_path / "first", "stage").save(state)
    take_steps(state, 1)
    CheckpointFolder(tmp_path / "second", "stage", mirror).save(state)
    restored = build_state(1)
    CheckpointFolder(tmp_path / "first", "stage", mirror).restore(restored)
    assert restored.step == 2


def test_a_checkpoint_that_is_damaged_in_the_mirror_is_written_anew(tmp_path):
    mirror, state = FolderOfFolders(tmp_path / "remote"), build_state(0)
    take_steps(state, 2)
    CheckpointFolder(tmp_path / "first", "stage", mirror).save(state)
    damaged = tmp_path / "remote" / "step_00000002" / "state.safetensors"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    again, restored = CheckpointFolder(tmp_path / "second", "stage", mirror), build_state(0)
    again.restore(restored)
    assert restored.step == 0
    take_steps(restored, 2)
    again.save(restored)
    assert damaged.read_bytes() == whole


def test_notes_are_kept_in_order_and_damaged_ones_left_out(tmp_path, caplog):
    checkpoints = CheckpointFolder(tmp_path, "stage")
    for step in (30, 4, 200):
        checkpoints.note(f"rung_{step:08d}", {"num_steps": step})
    checkpoints.note("rung_00000004", {"num_steps": 5})
    assert [note["num_steps"] for note in checkpoints.read_notes("rung_")] == [4, 30, 200]
    (tmp_path / "rung_00000030" / "manifest.json").write_text("{", encoding="utf-8")
    assert [note["num_steps"] for note in checkpoints.read_notes("rung_")] == [4, 200]
    assert "damaged note" in caplog.text
    checkpoints.note("rung_00000030", {"num_steps": 30})
    assert [note["num_steps"] for note in checkpoints.read_notes("rung_")] == [4, 30, 200]
