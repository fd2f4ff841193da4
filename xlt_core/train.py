"""The one training loop: AdamW, linear warm-up and decay, clipping, a fixed number of steps, exact resume.

In: an `Objective`. Out: a `TrainOutcome`, and the objective's module trained in place.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from xlt_core.checkpoints import CheckpointFolder, TrainingState
from xlt_core.memory import fit_in_memory, halve_micro_batch
from xlt_core.spec import OptimSpec
from xlt_core.streams import stream_seed

OnStep = Callable[[int], None]
"""Called with the number of steps taken, after each."""
Tell = Callable[..., None]
"""Called with the name of an event and its fields."""
StepLog = dict[str, Tensor | float]
"""What one step has to say, by name: numbers, or tensors of shape (). `loss` is always there, the rest may not be."""


class Objective(Protocol):
    """What one kind of training minimises; the loop knows no task, no perturbation and no encoder."""

    @property
    def module(self) -> nn.Module:
        """What holds the parameters: trained, checkpointed and restored."""
        ...

    micro_batch_size: int | None
    """Examples in memory at one time, gradients added up; none: a step cannot be parted. Lowered by the loop."""

    def backward(self, step: int) -> StepLog:
        """Leave the gradients of step `step` (from 0) in the parameters; give its log.

        Everything drawn at random is keyed by the step, so that a step can be taken again after a restart.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class TrainOutcome:
    """How training went; the weights are in the objective's module."""

    log: dict[str, tuple[float, ...]]
    """What the steps logged, one value a step taken; NaN where a step had nothing to say."""
    diverged_reason: str | None
    """Not None: training stopped at a loss or gradient that is not finite."""
    wall_seconds: float
    """Of this process only; steps restored from a checkpoint took theirs elsewhere."""
    micro_batch_size: int | None = None
    """Examples in memory at one time in the end; none: all of a step."""

    @property
    def losses(self) -> tuple[float, ...]:
        """One a step taken."""
        return self.log["loss"]

    @property
    def grad_norms(self) -> tuple[float, ...]:
        """One a step taken, before clipping."""
        return self.log["grad_norm"]

    @property
    def num_steps(self) -> int:
        """Steps taken, restored ones included."""
        return len(self.losses)

    @property
    def num_applied_steps(self) -> int:
        """Steps that changed the weights: one that is not finite does not."""
        return self.num_steps - (self.diverged_reason is not None)


def train(
    objective: Objective,
    optim: OptimSpec,
    *,
    seed: int,
    checkpoints: CheckpointFolder | None = None,
    checkpoint_every_steps: int = 200,
    until_step: int | None = None,
    on_step: OnStep | None = None,
    tell: Tell | None = None,
) -> TrainOutcome:
    """Take `optim.num_steps` steps, from the newest checkpoint where there is one.

    Before each step the global generators are seeded from (seed, step): dropout after a restart equals dropout
    without one, and no generator state has to be kept. Where memory runs out, a step is taken again in micro-batches
    of half the size, down to single examples, and so are those after it.

    Args:
        objective: trained in place.
        optim: recipe.
        seed: of all that is random here.
        checkpoints: where unfinished training is kept; none: nowhere.
        checkpoint_every_steps: between two of them.
        until_step: take so many steps only, and keep a checkpoint there; none, or more than there are: all.
        on_step: told of every step.
        tell: told of `step`, `checkpoint` and `oom`.

    Raises:
        torch.OutOfMemoryError: not even one example fits into memory, or a step cannot be parted.
    """
    started = time.perf_counter()
    objective.module.train()
    state = TrainingState(module=objective.module, optimizer=build_optimizer(objective.module, optim))
    last_step = min(optim.num_steps, until_step or optim.num_steps)
    if checkpoints is not None:
        checkpoints.restore(state, at_most=last_step)
    _lower_micro_batch(objective, state.micro_batch_size)
    tell = tell or _tell_nobody
    diverged_reason = _find_divergence(state)
    while state.step < last_step and diverged_reason is None:
        _take_step(objective, optim, seed, state, tell)
        diverged_reason = _find_divergence(state)
        if on_step is not None:
            on_step(state.step)
        tell("step", step=state.step, num_steps=optim.num_steps, loss=state.log["loss"][-1])
        is_due = state.step % checkpoint_every_steps == 0 or state.step == last_step
        if checkpoints is not None and (is_due or diverged_reason):
            checkpoints.save(state)
            tell("checkpoint", step=state.step)
    size = objective.micro_batch_size
    return TrainOutcome(
        log={name: tuple(values) for name, values in state.log.items()},
        diverged_reason=diverged_reason,
        wall_seconds=time.perf_counter() - started,
        micro_batch_size=None if size is None or size >= optim.batch_size else size,
    )


def _take_step(objective: Objective, optim: OptimSpec, seed: int, state: TrainingState, tell: Tell) -> None:
    """Seed, differentiate, clip, update. A step that is not finite is logged and not applied."""

    def differentiate() -> StepLog:
        torch.manual_seed(stream_seed(seed, "dropout", state.step))
        state.optimizer.zero_grad(set_to_none=True)
        return objective.backward(state.step)

    def halve() -> bool:
        can_halve = halve_micro_batch(objective)
        objective.module.train()  # it may have been a measurement without dropout that ran out of memory
        state.micro_batch_size = objective.micro_batch_size
        tell("oom", step=state.step, micro_batch_size=objective.micro_batch_size, will_go_on=can_halve)
        return can_halve

    log = fit_in_memory(differentiate, halve)
    log["grad_norm"] = nn.utils.clip_grad_norm_(objective.module.parameters(), optim.max_grad_norm)
    values = _read_log(log)
    if math.isfinite(values["loss"]) and math.isfinite(values["grad_norm"]):
        for group in state.optimizer.param_groups:
            group["lr"] = optim.learning_rate * learning_rate_factor(state.step, optim)
        state.optimizer.step()
    state.append(values)


def _lower_micro_batch(objective: Objective, size: int | None) -> None:
    """Go on with the micro-batches that fitted before an interruption."""
    if size is not None and objective.micro_batch_size is not None:
        objective.micro_batch_size = min(size, objective.micro_batch_size)


def _tell_nobody(event: str, **fields: Any) -> None:
    del event, fields


def _read_log(log: StepLog) -> dict[str, float]:
    """All numbers of a step, with one synchronisation."""
    tensors = {name: value.float() for name, value in log.items() if isinstance(value, Tensor)}
    read = torch.stack(list(tensors.values())).tolist()
    return {name: float(value) for name, value in log.items() if name not in tensors} | dict(
        zip(tensors, read, strict=True)
    )


def _find_divergence(state: TrainingState) -> str | None:
    """A reason where the last step taken was not finite."""
    if state.step == 0:
        return None
    loss, norm = state.log["loss"][-1], state.log["grad_norm"][-1]
    if math.isfinite(loss) and math.isfinite(norm):
        return None
    return f"loss {loss} and gradient norm {norm} at step {state.step} are not finite"


def num_warmup_steps(optim: OptimSpec) -> int:
    """Steps of linear warm-up."""
    return round(optim.warmup_ratio * optim.num_steps)


def learning_rate_factor(step: int, optim: OptimSpec) -> float:
    """Share of the learning rate at `step` (from 0): up to 1 over the warm-up, then down, never 0.

    Step 0 already moves the weights; the common schedule wastes it at a rate of 0.
    """
    warmup = num_warmup_steps(optim)
    if step < warmup:
        return (step + 1) / warmup
    return (optim.num_steps - step) / (optim.num_steps - warmup)


def frozen_decay(optim: OptimSpec, num_steps: int) -> float:
    """What the first `num_steps` steps multiply a matrix's row with whose gradient is always 0.

    Its moments stay 0, so that decay alone is left of AdamW's update (Loshchilov and Hutter 2019). In float64: where
    a step takes away less than half of a float32's last place, AdamW in float32 takes away nothing, and this does.
    """
    return math.prod(
        1.0 - optim.learning_rate * learning_rate_factor(step, optim) * optim.weight_decay for step in range(num_steps)
    )


def build_optimizer(module: nn.Module, optim: OptimSpec) -> torch.optim.AdamW:
    """AdamW with bias correction (Mosbach et al. 2021); no weight decay on vectors, i.e. biases and layer norms."""
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim >= 2]
    vectors = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": optim.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=optim.learning_rate, betas=optim.betas, eps=optim.epsilon, fused=True)
