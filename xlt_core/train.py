"""The one training loop: AdamW, linear warm-up and decay, clipping, a fixed number of steps, exact resume.

In: an `Objective`. Out: a `TrainOutcome`, and the objective's module trained in place.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from xlt_core.checkpoints import CheckpointFolder, TrainingState
from xlt_core.encoders.dropout import seed_masks
from xlt_core.memory import fit_in_memory, halve_micro_batch
from xlt_core.spec import OptimSpec
from xlt_core.streams import stream_seed
from xlt_core.updates import build_optimizer, frozen_decay, learning_rate_factor

OnStep = Callable[[int], None]
"""Called with the number of steps taken, after each."""
Tell = Callable[..., None]
"""Called with the name of an event and its fields."""
StepLog = dict[str, Tensor | float]
"""What one step has to say, by name: numbers, or tensors of shape (). `loss` is always there, the rest may not be."""


_READ_EVERY_ON_GPU = 20
"""Steps between two looks at what a GPU has computed: each look waits for it."""


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
        tell: told of `step`, `checkpoint`, `oom` and `diverged`.

    Raises:
        OSError: a checkpoint cannot be written.
        torch.OutOfMemoryError: not even one example fits into memory, or a step cannot be parted.
    """
    started = time.perf_counter()
    objective.module.train()
    training = Training(
        objective.module,
        optim,
        checkpoints=checkpoints,
        checkpoint_every_steps=checkpoint_every_steps,
        until_step=until_step,
        on_step=on_step,
        tell=tell,
    )
    state, device = training.state, next(objective.module.parameters()).device
    _lower_micro_batch(objective, state.micro_batch_size)

    def differentiate() -> StepLog:
        seed_masks(stream_seed(seed, "dropout", state.step), device)
        state.optimizer.zero_grad(set_to_none=True)
        return objective.backward(state.step)

    with nullcontext() if checkpoints is None else checkpoints.settled():
        while not training.is_finished:
            training.end_step(fit_in_memory(differentiate, partial(_halve, objective, training)))
    return training.conclude(time.perf_counter() - started, objective.micro_batch_size)


def _halve(objective: Objective, training: "Training") -> bool:
    """Let half as many examples into memory at one time; false where that cannot be."""
    can_halve, state = halve_micro_batch(objective), training.state
    objective.module.train()  # it may have been a measurement without dropout that ran out of memory
    state.micro_batch_size = objective.micro_batch_size
    training.tell("oom", step=state.step, micro_batch_size=objective.micro_batch_size, will_go_on=can_halve)
    return can_halve


class Training:
    """What is one training's own, whether it is alone or one of an array: weights, optimiser, log and checkpoints.

    On a GPU nobody waits for it: a step that is not finite is left out there, and its log is read some steps later.
    What was trained after it is thrown away with the rest.
    """

    def __init__(
        self,
        module: nn.Module,
        optim: OptimSpec,
        *,
        checkpoints: CheckpointFolder | None = None,
        checkpoint_every_steps: int = 200,
        until_step: int | None = None,
        on_step: OnStep | None = None,
        tell: Tell | None = None,
        read_every: int | None = None,
    ) -> None:
        """Begin, or go on from the newest checkpoint; arguments as those of `train`.

        Args:
            module: trained in place.
            optim: recipe.
            checkpoints: see there.
            checkpoint_every_steps: see there.
            until_step: see there.
            on_step: see there.
            tell: see there.
            read_every: steps whose logs are read together; none: each by itself on a CPU, some on a GPU.
        """
        self.state = TrainingState(module=module, optimizer=build_optimizer(module, optim))
        self.optim = optim
        self._parameters = list(module.parameters())  # modules look for theirs anew each time
        self.tell = tell or _tell_nobody
        self._on_step = on_step
        self._checkpoints = checkpoints
        self._checkpoint_every_steps = checkpoint_every_steps
        self._last_step = min(optim.num_steps, until_step or optim.num_steps)
        is_on_gpu = next(module.parameters()).is_cuda
        self._read_every = read_every or (_READ_EVERY_ON_GPU if is_on_gpu else 1)
        self._unread: list[StepLog] = []
        if checkpoints is not None:
            checkpoints.restore(self.state, self._last_step, partial(frozen_decay, optim))
        self._diverged_reason = _find_divergence(self.state)

    @property
    def is_finished(self) -> bool:
        """Whether there is no further step to take."""
        return self.state.step >= self._last_step or self._diverged_reason is not None

    def end_step(self, log: StepLog) -> None:
        """Clip and apply the gradients of a step; one that is not finite is logged and not applied."""
        state = self.state
        log["grad_norm"] = nn.utils.clip_grad_norm_(self._parameters, self.optim.max_grad_norm)
        for group in state.optimizer.param_groups:
            group["lr"] = self.optim.learning_rate * learning_rate_factor(state.step, self.optim)
        self._unread.append(log)
        state.step += 1
        if self._read_every == 1:
            self._read()
            if self._diverged_reason is None:
                state.optimizer.step()
        else:
            is_finite = _all_finite(log["loss"], log["grad_norm"])
            state.optimizer.found_inf = (~is_finite).float()  # type: ignore[attr-defined]  # what gradient scalers set
            state.optimizer.step()
        if self._on_step is not None:
            self._on_step(state.step)
        is_due = state.step % self._checkpoint_every_steps == 0 or state.step == self._last_step
        if is_due or len(self._unread) >= self._read_every:
            self._read()
        known = state.log.get("loss", [None])  # of the step read last
        self.tell("step", step=state.step, num_steps=self.optim.num_steps, loss=known[-1])
        if self._checkpoints is not None and (is_due or self._diverged_reason):
            will_go_on = state.step < self.optim.num_steps and self._diverged_reason is None
            self._checkpoints.save(state, with_moments=will_go_on)
            self.tell("checkpoint", step=state.step)
        if self._diverged_reason is not None:
            self.tell("diverged", step=state.step, reason=self._diverged_reason)

    def conclude(self, wall_seconds: float, micro_batch_size: int | None = None) -> TrainOutcome:
        """How it went.

        Args:
            wall_seconds: that it took in this process.
            micro_batch_size: examples in memory at one time in the end.
        """
        size = micro_batch_size
        return TrainOutcome(
            log={name: tuple(values) for name, values in self.state.log.items()},
            diverged_reason=self._diverged_reason,
            wall_seconds=wall_seconds,
            micro_batch_size=None if size is None or size >= self.optim.batch_size else size,
        )

    def _read(self) -> None:
        """Take the numbers of the last steps into the log, up to one that is not finite."""
        for values in _read_logs(self._unread):
            self.state.append(values)
            self._diverged_reason = _find_divergence(self.state)
            if self._diverged_reason is not None:
                self.state.step = self.state.num_logged
                break
        self._unread = []


def _lower_micro_batch(objective: Objective, size: int | None) -> None:
    """Go on with the micro-batches that fitted before an interruption."""
    if size is not None and objective.micro_batch_size is not None:
        objective.micro_batch_size = min(size, objective.micro_batch_size)


def _tell_nobody(event: str, **fields: Any) -> None:
    del event, fields


def _read_logs(logs: Sequence[StepLog]) -> list[dict[str, float]]:
    """All numbers of some steps, with one synchronisation."""
    tensors = [value.float() for log in logs for value in log.values() if isinstance(value, Tensor)]
    read = iter(torch.stack(tensors).tolist() if tensors else ())
    return [{name: next(read) if isinstance(value, Tensor) else value for name, value in log.items()} for log in logs]


def _all_finite(*values: Tensor | float) -> Tensor:
    """Whether all of some numbers are finite, shape (); nobody waits for the device."""
    return torch.stack([torch.isfinite(torch.as_tensor(value)) for value in values]).all()


def _find_divergence(state: TrainingState) -> str | None:
    """A reason where the last step read was not finite."""
    if not state.log:
        return None
    loss, norm = state.log["loss"][-1], state.log["grad_norm"][-1]
    if math.isfinite(loss) and math.isfinite(norm):
        return None
    return f"loss {loss} and gradient norm {norm} at step {state.num_logged} are not finite"
