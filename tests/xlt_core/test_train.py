"""The training loop on a small regression: schedule, optimiser, divergence, exact resume."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from xlt_core.checkpoints import CheckpointFolder
from xlt_core.encoders.dropout import seed_masks
from xlt_core.spec import OptimSpec
from xlt_core.streams import stream_seed
from xlt_core.train import StepLog, Training, TrainOutcome, train
from xlt_core.updates import build_optimizer, frozen_decay, learning_rate_factor, num_warmup_steps

OPTIM = OptimSpec(learning_rate=1e-2, num_steps=24, batch_size=4, warmup_ratio=0.25, weight_decay=0.1)


class Regression:
    """Predict a fixed vector through dropout, from inputs keyed by the step."""

    def __init__(self, explode_at: int | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.module = nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5), nn.LayerNorm(8), nn.Linear(8, 1))
        for parameter in self.module.parameters():
            nn.init.normal_(parameter, generator=generator)
        self.explode_at = explode_at
        self.micro_batch_size: int | None = None
        self.num_calls = 0

    def backward(self, step: int) -> StepLog:
        self.num_calls += 1
        inputs = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        loss = functional.mse_loss(self.module(inputs), inputs[:, :1])
        if step == self.explode_at:
            loss = loss * float("inf")
        loss.backward()
        return {"loss": loss.detach()}


class Crowded(Regression):
    """Holds only so many examples at one time, each with a dropout mask drawn for its micro-batch."""

    def __init__(self, room: int, micro_batch_size: int | None = 4) -> None:
        super().__init__()
        self.micro_batch_size = micro_batch_size
        self.room = room
        self.refused: list[tuple[int, int | None]] = []

    def backward(self, step: int) -> StepLog:
        size = self.micro_batch_size or 4
        inputs = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        total = torch.zeros(())
        for part in inputs.split(size):
            loss = functional.mse_loss(self.module(part), part[:, :1], reduction="sum") / 4
            loss.backward()
            if len(part) > self.room:  # when half a gradient is there already
                self.module.eval()
                self.refused.append((step, self.micro_batch_size))
                raise torch.OutOfMemoryError("CUDA out of memory")
            total += loss.detach()
        return {"loss": total}


class InterruptedRunError(Exception):
    """Stands for a kill between two steps."""


def interrupt_at(step: int):
    def on_step(steps_taken: int) -> None:
        if steps_taken == step:
            raise InterruptedRunError

    return on_step


def weights_of(objective: Regression) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in objective.module.parameters()]


@pytest.mark.parametrize("killed_at", range(1, 24))
def test_an_interrupted_run_ends_with_the_same_bits_as_an_uninterrupted_one(tmp_path, killed_at):
    whole = Regression()
    expected = train(whole, OPTIM, seed=3)
    checkpoints = CheckpointFolder(tmp_path, "stage")
    with pytest.raises(InterruptedRunError):
        train(
            Regression(), OPTIM, seed=3, checkpoints=checkpoints, checkpoint_every_steps=5,
            on_step=interrupt_at(killed_at),
        )  # fmt: skip
    resumed = Regression()
    outcome = train(resumed, OPTIM, seed=3, checkpoints=checkpoints, checkpoint_every_steps=5)
    assert all(map(torch.equal, weights_of(whole), weights_of(resumed)))
    assert outcome.losses == expected.losses
    assert outcome.grad_norms == expected.grad_norms
    assert resumed.num_calls == OPTIM.num_steps - 5 * ((killed_at - 1) // 5)


def test_a_finished_run_takes_no_further_step_when_asked_again(tmp_path):
    checkpoints = CheckpointFolder(tmp_path, "stage")
    train(Regression(), OPTIM, seed=3, checkpoints=checkpoints)
    again = Regression()
    outcome = train(again, OPTIM, seed=3, checkpoints=checkpoints)
    assert again.num_calls == 0
    assert outcome.num_steps == OPTIM.num_steps


def test_moments_are_kept_until_the_last_step(tmp_path):
    for until, kept in ((7, {"module", "optimizer", "log"}), (None, {"module", "log"})):
        train(Regression(), OPTIM, seed=3, checkpoints=CheckpointFolder(tmp_path, "stage"), until_step=until)
        file = tmp_path / f"step_{until or OPTIM.num_steps:08d}" / "state.safetensors"
        assert {name.partition(".")[0] for name in load_file(file)} == kept


def test_another_seed_draws_other_dropout():
    assert train(Regression(), OPTIM, seed=1).losses != train(Regression(), OPTIM, seed=2).losses


def test_a_loss_that_is_not_finite_stops_training_and_leaves_the_weights_of_the_step_before(tmp_path):
    objective, before = Regression(explode_at=7), Regression()
    told = []
    outcome = train(
        objective,
        OPTIM,
        seed=0,
        checkpoints=CheckpointFolder(tmp_path, "stage"),
        tell=lambda event, **fields: told.append((event, fields)),
    )
    assert [fields for event, fields in told if event == "diverged"] == [{"step": 8, "reason": outcome.diverged_reason}]
    for step in range(7):
        assert outcome.losses[step] < float("inf")
    assert (outcome.num_steps, outcome.num_applied_steps) == (8, 7)
    assert "step 8" in outcome.diverged_reason
    assert all(torch.isfinite(weight).all() for weight in weights_of(objective))
    assert not all(map(torch.equal, weights_of(objective), weights_of(before)))
    resumed = Regression(explode_at=7)
    assert train(resumed, OPTIM, seed=0, checkpoints=CheckpointFolder(tmp_path, "stage")) is not None
    assert resumed.num_calls == 0


def test_the_rate_rises_over_the_warm_up_and_falls_without_reaching_zero():
    factors = [learning_rate_factor(step, OPTIM) for step in range(OPTIM.num_steps)]
    warmup = num_warmup_steps(OPTIM)
    assert warmup == 6
    assert factors[:warmup] == pytest.approx([(step + 1) / 6 for step in range(6)])
    assert factors[warmup] == 1.0
    assert factors[warmup:] == sorted(factors[warmup:], reverse=True)
    assert factors[-1] == pytest.approx(1 / 18)


def test_the_optimiser_is_adamw_as_its_paper_writes_it():
    """One parameter, five steps, against Loshchilov and Hutter's update written out in float64."""
    optim = OptimSpec(learning_rate=0.1, num_steps=5, weight_decay=0.3, betas=(0.8, 0.95), epsilon=1e-6)
    module = nn.Linear(3, 2, bias=False)
    weight = module.weight.detach().double().clone()
    optimizer = build_optimizer(module, optim)
    first = second = torch.zeros_like(weight)
    for step in range(1, 6):
        gradient = torch.randn(2, 3, generator=torch.Generator().manual_seed(step))
        module.weight.grad = gradient.clone()
        optimizer.step()
        first = 0.8 * first + 0.2 * gradient.double()
        second = 0.95 * second + 0.05 * gradient.double() ** 2
        corrected = (first / (1 - 0.8**step)) / ((second / (1 - 0.95**step)).sqrt() + 1e-6)
        weight = weight - 0.1 * 0.3 * weight - 0.1 * corrected
    assert torch.allclose(module.weight.detach().double(), weight, atol=1e-6)


@given(
    num_steps=st.integers(1, 40),
    share=st.floats(0.0, 1.0),
    learning_rate=st.floats(1e-6, 0.5),
    weight_decay=st.floats(0.0, 1.5),
    warmup_ratio=st.floats(0.0, 0.9),
)
def test_what_has_no_gradient_decays_as_adamw_lets_it(num_steps, share, learning_rate, weight_decay, warmup_ratio):
    optim = OptimSpec(
        learning_rate=learning_rate, num_steps=num_steps, weight_decay=weight_decay, warmup_ratio=warmup_ratio
    )
    num_taken = round(share * num_steps)
    module = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.ones_(module.weight)
    optimizer = build_optimizer(module, optim)
    for step in range(num_taken):
        optimizer.param_groups[0]["lr"] = learning_rate * learning_rate_factor(step, optim)
        module.weight.grad = torch.zeros(1, 1, dtype=torch.float64)
        optimizer.step()
    assert frozen_decay(optim, num_taken) == pytest.approx(module.weight.item(), rel=1e-12, abs=1e-300)


def test_biases_and_layer_norms_do_not_decay():
    optimizer = build_optimizer(Regression().module, OPTIM)
    decays = {
        parameter.ndim: group["weight_decay"] for group in optimizer.param_groups for parameter in group["params"]
    }
    assert decays == {2: 0.1, 1: 0.0}


def test_a_step_that_does_not_fit_is_taken_again_in_halves_as_if_it_had_never_been_begun():
    crowded, small = Crowded(room=1), Crowded(room=1, micro_batch_size=1)
    told = []
    outcome = train(crowded, OPTIM, seed=3, tell=lambda event, **fields: told.append((event, fields)))
    expected = train(small, OPTIM, seed=3)
    assert crowded.refused == [(0, 4), (0, 2)], "and never again"
    assert all(map(torch.equal, weights_of(crowded), weights_of(small)))
    assert outcome.losses == expected.losses
    assert outcome.micro_batch_size == expected.micro_batch_size == 1
    sizes = [(fields["micro_batch_size"], fields["will_go_on"]) for event, fields in told if event == "oom"]
    assert sizes == [(2, True), (1, True)]


def test_what_fits_is_remembered_by_a_run_that_is_resumed(tmp_path):
    expected = Crowded(room=2)
    train(expected, OPTIM, seed=3)
    checkpoints = CheckpointFolder(tmp_path, "stage")
    with pytest.raises(InterruptedRunError):
        train(
            Crowded(room=2), OPTIM, seed=3, checkpoints=checkpoints, checkpoint_every_steps=5, on_step=interrupt_at(7)
        )
    resumed = Crowded(room=2)
    outcome = train(resumed, OPTIM, seed=3, checkpoints=checkpoints, checkpoint_every_steps=5)
    assert not resumed.refused
    assert all(map(torch.equal, weights_of(expected), weights_of(resumed)))
    assert outcome.micro_batch_size == 2


@pytest.mark.parametrize("micro_batch_size", [4, None])
def test_a_step_that_cannot_be_parted_further_raises(micro_batch_size):
    crowded = Crowded(room=0, micro_batch_size=micro_batch_size)
    with pytest.raises(torch.OutOfMemoryError):
        train(crowded, OPTIM, seed=3)
    assert len(crowded.refused) == (1 if micro_batch_size is None else 3)


def test_enough_memory_is_no_micro_batch():
    assert train(Crowded(room=4), OPTIM, seed=3).micro_batch_size is None


@pytest.mark.parametrize("steps", [(1, 2, 3), (6, 23), (24,), (7, 100)])
def test_a_run_that_pauses_at_steps_ends_with_the_same_bits(tmp_path, steps):
    whole = Regression()
    expected = train(whole, OPTIM, seed=3)
    checkpoints = CheckpointFolder(tmp_path, "stage")
    for step in steps:
        paused = train(Regression(), OPTIM, seed=3, checkpoints=checkpoints, until_step=step)
        assert paused.num_steps == min(step, OPTIM.num_steps)
        assert paused.losses == expected.losses[:step]
    resumed = Regression()
    outcome = train(resumed, OPTIM, seed=3, checkpoints=checkpoints)
    assert all(map(torch.equal, weights_of(whole), weights_of(resumed)))
    assert outcome.losses == expected.losses
    assert resumed.num_calls == OPTIM.num_steps - min(steps[-1], OPTIM.num_steps)


def train_reading_rarely(objective: Regression, read_every: int, **settings) -> TrainOutcome:
    """What `train` does on a GPU, with the seed 3."""
    training = Training(objective.module, OPTIM, read_every=read_every, **settings)
    while not training.is_finished:
        seed_masks(stream_seed(3, "dropout", training.state.step), torch.device("cpu"))
        training.state.optimizer.zero_grad(set_to_none=True)
        training.end_step(objective.backward(training.state.step))
    return training.conclude(0.0)


@pytest.mark.parametrize("read_every", [2, 5, 100])
def test_logs_that_are_read_some_steps_later_are_those_of_every_step(read_every):
    known, rarely = Regression(), Regression()
    expected = train(known, OPTIM, seed=3)
    told: list[tuple[int, float | None]] = []

    def tell(event: str, **fields: int | float | None) -> None:
        if event == "step":
            told.append((fields["step"], fields["loss"]))

    outcome = train_reading_rarely(rarely, read_every, tell=tell)
    assert outcome.log == expected.log
    assert all(map(torch.equal, weights_of(known), weights_of(rarely)))
    num_read = [step if step == 24 else step - step % read_every for step in range(1, 25)]
    losses = [expected.losses[read - 1] if read else None for read in num_read]
    assert told == list(zip(range(1, 25), losses, strict=True)), "the newest loss that is known"


@pytest.mark.parametrize("read_every", [2, 5, 100])
@pytest.mark.parametrize("explode_at", [0, 7, 23])
def test_a_step_that_is_not_finite_ends_a_training_that_finds_out_later(tmp_path, read_every, explode_at):
    checkpoints = CheckpointFolder(tmp_path, "stage")
    rarely, settings = Regression(explode_at=explode_at), {"checkpoints": checkpoints, "checkpoint_every_steps": 6}
    expected = train(Regression(explode_at=explode_at), OPTIM, seed=3)
    outcome = train_reading_rarely(rarely, read_every, **settings)
    assert repr(outcome.log) == repr(expected.log), "nothing of what was trained after it"
    assert outcome.diverged_reason == expected.diverged_reason
    assert all(torch.isfinite(weight).all() for weight in weights_of(rarely))
    again = Regression(explode_at=explode_at)
    resumed = train_reading_rarely(again, read_every, **settings)
    assert again.num_calls == 0
    assert repr(sorted(resumed.log.items())) == repr(sorted(expected.log.items()))
    assert resumed.diverged_reason == expected.diverged_reason


def test_a_step_that_is_not_finite_changes_no_weight_even_before_it_is_read():
    known, rarely = Regression(), Regression(explode_at=23)
    train(known, OPTIM, seed=3, until_step=23)
    train_reading_rarely(rarely, 100)
    assert all(map(torch.equal, weights_of(known), weights_of(rarely)))


@pytest.mark.parametrize("killed_at", [3, 11, 23])
def test_an_interrupted_run_that_reads_rarely_ends_with_the_same_bits(tmp_path, killed_at):
    known, resumed = Regression(), Regression()
    expected = train(known, OPTIM, seed=3)
    settings = {"checkpoints": CheckpointFolder(tmp_path, "stage"), "checkpoint_every_steps": 5}
    with pytest.raises(InterruptedRunError):
        train_reading_rarely(Regression(), 4, on_step=interrupt_at(killed_at), **settings)
    assert train_reading_rarely(resumed, 4, **settings).log == expected.log
    assert all(map(torch.equal, weights_of(known), weights_of(resumed)))
