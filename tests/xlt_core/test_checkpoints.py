"""Checkpoints: the newest undamaged one is restored, and no more than two stay."""

import errno
import math
import shutil
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

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


def save(checkpoints: CheckpointFolder, state: TrainingState) -> None:
    """Have the state written before anything else happens."""
    with checkpoints.settled():
        checkpoints.save(state)


def save_three(folder, key="stage") -> TrainingState:
    state = build_state(0)
    for _ in range(3):
        take_steps(state, 2)
        save(CheckpointFolder(folder, key), state)
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


def test_of_a_training_that_has_ended_no_moments_are_kept(tmp_path):
    state, checkpoints, restored = build_state(0), CheckpointFolder(tmp_path, "stage"), build_state(1)
    take_steps(state, 2)
    with checkpoints.settled():
        checkpoints.save(state, with_moments=False)
    saved = load_file(tmp_path / "step_00000002" / "state.safetensors")
    assert {name.partition(".")[0] for name in saved} == {"module", "log"}
    checkpoints.restore(restored)
    assert (restored.step, restored.log) == (2, state.log)
    assert torch.equal(restored.module[0].weight, state.module[0].weight)


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
    save(CheckpointFolder(tmp_path, "stage"), state)
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
        save(first, state)
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
    save(CheckpointFolder(tmp_path / "first", "stage"), state)
    take_steps(state, 1)
    save(CheckpointFolder(tmp_path / "second", "stage", mirror), state)
    restored = build_state(1)
    CheckpointFolder(tmp_path / "first", "stage", mirror).restore(restored)
    assert restored.step == 2


def test_a_checkpoint_that_is_damaged_in_the_mirror_is_written_anew(tmp_path):
    mirror, state = FolderOfFolders(tmp_path / "remote"), build_state(0)
    take_steps(state, 2)
    save(CheckpointFolder(tmp_path / "first", "stage", mirror), state)
    damaged = tmp_path / "remote" / "step_00000002" / "state.safetensors"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    again, restored = CheckpointFolder(tmp_path / "second", "stage", mirror), build_state(0)
    again.restore(restored)
    assert restored.step == 0
    take_steps(restored, 2)
    save(again, restored)
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


class SlowFolders(FolderOfFolders):
    """Takes nothing until it is let."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.may_go_on = threading.Event()

    def push_folder(self, folder: Path) -> None:
        assert self.may_go_on.wait(timeout=30)
        super().push_folder(folder)


def read_weights(folder: Path, step: int) -> Tensor:
    return load_file(folder / f"step_{step:08d}" / "state.safetensors")["module.0.weight"]


def test_training_goes_on_while_the_weights_of_the_moment_are_written(tmp_path):
    mirror, state = SlowFolders(tmp_path / "remote"), build_state(0)
    checkpoints = CheckpointFolder(tmp_path / "here", "stage", mirror)
    expected = {}
    for step in (1, 2):
        take_steps(state, 1)
        expected[step] = state.module[0].weight.detach().clone()
        checkpoints.save(state)  # the second waits for the first
        with torch.no_grad():
            for parameter in state.module.parameters():
                parameter += 1.0
        assert mirror.list_names() == ([] if step == 1 else ["step_00000001"])
        mirror.may_go_on.set()
        checkpoints._writer.wait()
        mirror.may_go_on.clear()
    assert sorted(mirror.list_names()) == ["step_00000001", "step_00000002"]
    assert all(torch.equal(read_weights(tmp_path / "here", step), weight) for step, weight in expected.items())


def test_whoever_reads_or_clears_waits_until_all_is_written(tmp_path):
    for ask in (
        lambda folder: folder.newest_step,
        lambda folder: folder.restore(build_state(1)),
        lambda folder: folder.discard_from(1),
        lambda folder: folder.find_tensors("candidate_00000001"),
        lambda folder: folder.note("rung_00000001", {}),
        lambda folder: folder.read_notes("rung_"),
        lambda folder: folder.clear(),
    ):
        mirror, state = SlowFolders(tmp_path / "remote"), build_state(0)
        checkpoints = CheckpointFolder(tmp_path / "here", "stage", mirror)
        take_steps(state, 1)
        checkpoints.save(state)
        threading.Timer(0.05, mirror.may_go_on.set).start()
        ask(checkpoints)
        assert mirror.may_go_on.is_set()
        checkpoints.clear()
        assert not mirror.list_names()


class FullFolders(FolderOfFolders):
    """Has no room."""

    def push_folder(self, folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_what_cannot_be_written_is_raised_once_by_the_next_who_saves_or_waits(tmp_path):
    state = build_state(0)
    checkpoints = CheckpointFolder(tmp_path / "here", "stage", FullFolders(tmp_path / "remote"))
    for ask in (lambda: checkpoints.save(state), checkpoints.wait):
        take_steps(state, 1)
        checkpoints.save(state)
        with pytest.raises(OSError, match="No space left") as raised:
            ask()
        assert raised.value.errno == errno.ENOSPC
        checkpoints.wait()


def test_what_cannot_be_written_hides_nothing_else_that_is_raised(tmp_path, caplog):
    state = build_state(0)
    checkpoints = CheckpointFolder(tmp_path / "here", "stage", FullFolders(tmp_path / "remote"))

    def save_and_break_off() -> None:
        with checkpoints.settled():
            checkpoints.save(state)
            raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        save_and_break_off()
    assert "No space left" in caplog.text


def test_memory_is_given_back_when_all_is_written(tmp_path):
    checkpoints, state = CheckpointFolder(tmp_path, "stage"), build_state(0)
    save(checkpoints, state)
    assert not checkpoints._room._room
