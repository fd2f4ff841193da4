"""A trial trained up to a step at which a scheduler may stop it. In: a plan and a step. Out: a `RungReport`.

Nothing of it changes what follows: a trial that went rung by rung ends with the bits of one that ran through.
"""

from dataclasses import dataclass

from xlt_core.checkpoints import CheckpointFolder
from xlt_core.plan import TrialPlan
from xlt_core.progress import OnProgress
from xlt_core.result import Rung
from xlt_core.trial_stages import checkpoints_of, train_trial
from xlt_core.workspace import Workspace

_PREFIX = "rung_"


@dataclass(frozen=True, kw_only=True)
class RungReport:
    """What a trial had come to at a rung."""

    num_steps: int
    """Taken of the target stage."""
    source_dev_score: float | None
    """Primary metric on the source language's dev set, 0 to 100; none where there is none, or training diverged."""
    diverged_reason: str | None = None
    """Not None: there is nothing to go on with; `run_trial` gives the result."""


def advance_trial(
    plan: TrialPlan, workspace: Workspace, until_step: int, on_progress: OnProgress | None = None
) -> RungReport:
    """Train a trial's target stage up to a step, keep a checkpoint there, and score the source language's dev set.

    Stages that it needs are run where they are missing. A rung that was reached before is only looked up.

    Args:
        plan: of the trial.
        workspace: where and how; the same at every rung.
        until_step: at least 1; beyond the last, the stage is trained to its end.
        on_progress: told of every step.
    """
    checkpoints = checkpoints_of(plan, workspace)
    for rung in read_rungs(checkpoints):
        if rung.num_steps == until_step:
            return RungReport(num_steps=rung.num_steps, source_dev_score=rung.score)
    trained = train_trial(plan, workspace, on_progress, until_step=until_step)
    summary = trained.summary
    if trained.model is None:
        return RungReport(num_steps=summary.num_steps, source_dev_score=None, diverged_reason=trained.reason)
    noted = {"num_steps": summary.num_steps, "score": summary.source_dev_score}
    checkpoints.note(f"{_PREFIX}{summary.num_steps:08d}", noted)
    return RungReport(num_steps=summary.num_steps, source_dev_score=summary.source_dev_score)


def read_rungs(checkpoints: CheckpointFolder, until_step: int | None = None) -> tuple[Rung, ...]:
    """What was noted at the rungs of a trial, by their steps; with `until_step`, of those up to it."""
    notes = checkpoints.read_notes(_PREFIX)
    rungs = (Rung(num_steps=note["num_steps"], score=note["score"]) for note in notes)
    return tuple(rung for rung in rungs if until_step is None or rung.num_steps <= until_step)
