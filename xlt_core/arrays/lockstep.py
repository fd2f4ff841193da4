"""Trains the members of an array step by step together. In: a fine-tuning and a `Training` each. Out: trained modules.

A member that diverges or has come to its end leaves; the others are stacked anew and go on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from xlt_core.arrays.objective import ArrayFineTuning, stack_models
from xlt_core.finetune import FineTuning
from xlt_core.train import Training


@dataclass(kw_only=True)
class Member:
    """One trial of an array."""

    tuning: FineTuning
    """Of its own model and examples."""
    training: Training
    """Its optimiser, clipping, checkpoints and log."""
    seconds: float = 0.0
    """Its share of the time that it trained together with others."""


def train_in_lockstep(members: Sequence[Member]) -> None:
    """Train every member to its end.

    Members that go on from checkpoints of other steps are trained apart: a step is one and the same for all.

    Raises:
        SpecError: the models or perturbations cannot be computed together.
    """

    def step_of(member: Member) -> int:
        return member.training.state.step

    for _, group in groupby(sorted(members, key=step_of), key=step_of):
        active = list(group)
        while active := [member for member in active if not member.training.is_finished]:
            _train_until_one_leaves(active)


def _train_until_one_leaves(members: Sequence[Member]) -> None:
    tunings = [member.tuning for member in members]
    stack = stack_models(tunings)
    try:
        objective = ArrayFineTuning(tunings, stack)
        stack.model.train()
        while not any(member.training.is_finished for member in members):
            started = time.perf_counter()
            stack.forget_gradients()
            logs = objective.backward(members[0].training.state.step)
            stack.hand_out_gradients()
            for member, log in zip(members, logs, strict=True):
                member.training.end_step(log)
            for member in members:
                member.seconds += (time.perf_counter() - started) / len(members)
    finally:
        stack.release()
