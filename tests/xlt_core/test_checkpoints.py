"""Checkpoints: the newest undamaged one is restored, and no more than two stay."""

import math

import torch
from torch import nn

from xlt_core.checkpoints import CheckpointFolder, TrainingState
from xlt_core.spec import OptimSpec
from xlt_core.train import build_optimizer


def build_state(seed: int) -> TrainingState:
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    return TrainingState(module=module, optimizer=build_optimizer(module, OptimSpec()))


def take_steps(state: TrainingState, num_steps: int) -> None:
    for _ in range(num_steps):
        state.module(torch.randn(8, 4)).square().sum().backward()
        state.optimizer.step()
        state.append({"loss": state.step / 3, "grad_norm": state.step / 7})


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
    assert state.log["loss"] == [1.0, 2.0, 3.0]
    assert state.log["size"][1] == 0.5
    assert all(math.isnan(state.log["size"][step]) for step in (0, 2))
