"""Trains the target stages of several trials together. In: plans whose array keys are equal. Out: `TrainedTrial`s.

Each is what `train_trial` would have given, on a CPU to the last bit.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xlt_core.arrays.lockstep import Member, train_in_lockstep
from xlt_core.arrays.room import count_models_that_fit
from xlt_core.arrays.width import measure_width
from xlt_core.candidates import Candidates, open_candidates
from xlt_core.encoders.vocabulary import TrainedRows, restrict_vocabulary
from xlt_core.plan import TrialPlan
from xlt_core.process_state import reset_process_state
from xlt_core.progress import OnProgress
from xlt_core.task_stage import PreparedStage, conclude_stage, decay_frozen_rows, follow_steps, prepare_stage
from xlt_core.train import Training, TrainOutcome
from xlt_core.trial_stages import (
    SharedStages,
    TrainedTrial,
    checkpoints_of,
    conclude_training,
    keep_trained,
    run_shared_stages,
)
from xlt_core.workspace import Workspace


class ArrayMember(NamedTuple):
    """A trial that may be trained with others."""

    plan: TrialPlan
    workspace: Workspace
    """Its own: events go to its own log; device and threads are those of all."""
    on_progress: OnProgress | None


class ArrayTraining(NamedTuple):
    """What became of trials that were to train together."""

    trained: dict[str, TrainedTrial]
    """By trial id, in the members' order."""
    left: tuple[str, ...]
    """Trials that were not begun: fewer at a time are quicker, or there is no room for more."""
    width: int
    """Members at a time."""
    is_measured: bool = True
    """Whether that is known to be quickest; not where it was given, or there were no two to be compared."""


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    """A member before its first step."""

    member: ArrayMember
    before: SharedStages
    stage: PreparedStage


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A member whose training has begun."""

    prepared: _Prepared
    rows: TrainedRows
    candidates: Candidates | None
    lockstep: Member


def train_array(members: Sequence[ArrayMember], *, max_width: int | None = None) -> ArrayTraining:
    """Train as many of some trials together as is quickest here, each to its end.

    Stages before the target stage are read, and run where they are not published yet.

    Args:
        members: with equal array keys (`find_array_key`).
        max_width: how many are quickest, where that was measured before; none: it is measured on some gradients.

    Raises:
        DamagedArtifactError: a published stage is not as it was.
        SpecError: the trials cannot be computed together after all.
        torch.OutOfMemoryError: they do not fit into memory together.
    """
    workspace = members[0].workspace
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    trained: dict[str, TrainedTrial] = {}
    prepared: list[_Prepared] = []
    room = len(members) if max_width is None else min(max_width, len(members))
    for member in members:
        if len(prepared) >= room:
            break
        before = run_shared_stages(member.plan, member.workspace, member.on_progress)
        if before.diverged is not None:
            trained[member.plan.trial_id] = before.diverged
            continue
        prepared.append(_prepare(member, before))
        if len(prepared) == 1:
            room = min(room, count_models_that_fit(prepared[0].stage.main))
    is_measured = max_width is None and (len(prepared) > 1 or room == 1)
    width = max_width or _measure(prepared, room)
    chosen = prepared[:width]
    del prepared  # of those that are left nothing stays in memory
    for one, outcome, candidates in _train(chosen):
        finished = conclude_training(one.before, conclude_stage(one.stage, outcome, candidates))
        if one.member.workspace.keep_weights:
            keep_trained(finished, one.member.plan, one.member.workspace)
        trained[one.member.plan.trial_id] = finished
    ids = [member.plan.trial_id for member in members]
    return ArrayTraining(
        trained={trial_id: trained[trial_id] for trial_id in ids if trial_id in trained},
        left=tuple(trial_id for trial_id in ids if trial_id not in trained),
        width=width,
        is_measured=is_measured,
    )


def _prepare(member: ArrayMember, before: SharedStages) -> _Prepared:
    plan, workspace = member.plan, member.workspace
    target = plan.target_stage
    workspace.tell("stage", kind=target.kind, stage_key=target.key)
    stage = prepare_stage(target, plan.spec, workspace, checkpoints_of(plan, workspace))
    return _Prepared(member=member, before=before, stage=stage)


def _measure(prepared: Sequence[_Prepared], room: int) -> int:
    """How many of them are quickest together; where there is nothing to compare, as many as there is room for."""
    if len(prepared) <= 1:
        return room
    with ExitStack() as stack:
        _restrict(prepared, stack)
        return measure_width([one.stage.main for one in prepared])


def _restrict(prepared: Sequence[_Prepared], stack: ExitStack) -> list[TrainedRows]:
    """Let all models have the rows of the tokens that any of them reads: tables that are stacked are equally long."""
    token_ids = np.unique(np.concatenate([np.unique(one.stage.token_ids) for one in prepared]))
    return [stack.enter_context(restrict_vocabulary(one.stage.model.encoder, token_ids)) for one in prepared]


class _Trained(NamedTuple):
    prepared: _Prepared
    outcome: TrainOutcome
    candidates: Candidates | None


def _train(prepared: Sequence[_Prepared]) -> list[_Trained]:
    """Train all to their ends; every table of word embeddings is whole again then."""
    if not prepared:
        return []
    with ExitStack() as stack:
        rows = _restrict(prepared, stack)
        for each in prepared:
            stack.enter_context(each.stage.checkpoints.settled())
        opened = [_open(one, own) for one, own in zip(prepared, rows, strict=True)]
        train_in_lockstep([one.lockstep for one in opened])
        outcomes = [one.lockstep.training.conclude(one.lockstep.seconds) for one in opened]
        for one, outcome in zip(opened, outcomes, strict=True):
            decay_frozen_rows(one.rows, one.prepared.stage, outcome)
    return [_Trained(one.prepared, outcome, one.candidates) for one, outcome in zip(opened, outcomes, strict=True)]


def _open(prepared: _Prepared, rows: TrainedRows) -> _Opened:
    """Begin a member's training, or go on from its newest checkpoint."""
    stage, workspace = prepared.stage, prepared.member.workspace
    candidates = open_candidates(stage.stage, stage.spec, stage.model, rows, stage.checkpoints)
    training = Training(
        stage.model,
        stage.optim,
        checkpoints=stage.checkpoints,
        checkpoint_every_steps=workspace.checkpoint_every_steps,
        on_step=follow_steps(stage, prepared.member.on_progress, candidates),
        tell=workspace.tell,
    )
    return _Opened(
        prepared=prepared,
        rows=rows,
        candidates=candidates,
        lockstep=Member(tuning=stage.main, training=training),
    )
