"""The stages of one trial, in order, up to its trained model. In: a `TrialPlan`. Out: a `TrainedTrial`.

What is published is used; what was interrupted goes on from its last checkpoint.
"""

from dataclasses import asdict, dataclass

from xlt_core.artifacts import is_published
from xlt_core.candidates import Candidates
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.difficulty.training import recheck_examples
from xlt_core.model import TrialModel
from xlt_core.plan import TrialPlan
from xlt_core.process_state import reset_process_state, select_device
from xlt_core.progress import OnProgress
from xlt_core.result import ArmRecord, PerturbationRecord, StageCost, Status, TrainingSummary
from xlt_core.stage_artifacts import open_checkpoints, read_arm, read_artifact, read_stage_cost
from xlt_core.stages import run_stage
from xlt_core.task_stage import TrainedStage, stage_seed, train_stage
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.weights import keep_weights, load_weights
from xlt_core.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class TrainedTrial:
    """What the stages of a trial came to."""

    status: Status
    reason: str | None
    costs: tuple[StageCost, ...]
    """One a stage that was reached."""
    arm: ArmRecord | None
    summary: TrainingSummary
    """Of the target stage; nothing where it was not reached."""
    model: TrialModel | None
    """None where training diverged."""
    candidates: Candidates | None = None
    """Weights of the target stage on the way; none where no rule chooses among them."""

    @property
    def own_seconds(self) -> float:
        """Of this trial's own stages."""
        return sum(cost.wall_seconds for cost in self.costs if not cost.is_shared)


def train_trial(
    plan: TrialPlan,
    workspace: Workspace,
    on_progress: OnProgress | None = None,
    *,
    until_step: int | None = None,
) -> TrainedTrial:
    """Run every stage in order, until one diverges.

    Args:
        plan: of the trial.
        workspace: where and how.
        on_progress: told of every step.
        until_step: of the target stage, go no further; none: to the end.

    Raises:
        DamagedArtifactError: a published stage is not as it was.
    """
    kept = None if until_step is not None else _read_kept(plan, workspace)
    if kept is not None:
        return kept
    before = run_shared_stages(plan, workspace, on_progress)
    if before.diverged is not None:
        return before.diverged
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    target = plan.target_stage
    workspace.tell("stage", kind=target.kind, stage_key=target.key)
    trained = train_stage(
        target, plan.spec, workspace, checkpoints_of(plan, workspace), on_progress, until_step=until_step
    )
    finished = conclude_training(before, trained)
    if workspace.keep_weights and until_step is None:
        keep_trained(finished, plan, workspace)
    return finished


@dataclass(frozen=True, kw_only=True)
class SharedStages:
    """What the stages before the target stage came to."""

    costs: tuple[StageCost, ...]
    notes: tuple[str, ...]
    """Of stages that are not as they should be."""
    arm: ArmRecord | None
    diverged: TrainedTrial | None = None
    """The end of the trial where one of them diverged."""


def run_shared_stages(plan: TrialPlan, workspace: Workspace, on_progress: OnProgress | None = None) -> SharedStages:
    """Run the stages before the target stage that are not published yet, and read what they came to.

    Raises:
        DamagedArtifactError: a published stage is not as it was.
    """
    costs: list[StageCost] = []
    notes: list[str] = []
    arm: ArmRecord | None = None
    diverged: TrainedTrial | None = None
    for stage in plan.shared_stages:
        if not is_published(workspace.stages / stage.key):
            workspace.tell("stage", kind=stage.kind, stage_key=stage.key)
        run_stage(stage, plan.spec, workspace, on_progress)
        manifest = read_artifact(stage.key, workspace)
        recheck_examples(stage, manifest, workspace, stage_seed(stage, plan.spec))
        costs.append(read_stage_cost(manifest))
        if stage.kind == "intermediate":
            arm = read_arm(manifest)
        if manifest["status"] != "ok":
            notes.append(f"{stage.kind} stage {stage.key} {manifest['status']}: {manifest['reason']}")
        if manifest["status"] == "diverged":
            diverged = TrainedTrial(
                status="diverged", reason=notes[-1], costs=tuple(costs), arm=arm, summary=TrainingSummary(), model=None
            )
            break
    return SharedStages(costs=tuple(costs), notes=tuple(notes), arm=arm, diverged=diverged)


def conclude_training(before: SharedStages, trained: TrainedStage) -> TrainedTrial:
    """Put what all stages came to together."""
    summary = trained.summary
    notes = before.notes if summary.reason is None else (*before.notes, summary.reason)
    return TrainedTrial(
        status=summary.status,
        reason="; ".join(notes) or None,
        costs=(*before.costs, trained.cost),
        arm=before.arm,
        summary=summary,
        model=None if summary.status == "diverged" else trained.model,
        candidates=trained.candidates,
    )


def checkpoints_of(plan: TrialPlan, workspace: Workspace) -> CheckpointFolder:
    """By trial: trials that differ in their evaluation alone train equal target stages, perhaps at the same moment."""
    return open_checkpoints(plan.trial_id, plan.target_stage, workspace)


def keep_trained(finished: TrainedTrial, plan: TrialPlan, workspace: Workspace) -> None:
    """Publish the weights, and all that a trial with the same target stage would say of its training."""
    if finished.model is None or load_task(plan.spec.target.task).shape in FROZEN_SHAPES:
        return
    described = {
        "status": finished.status,
        "reason": finished.reason,
        "costs": [asdict(cost) for cost in finished.costs],
        "arm": asdict(finished.arm) if finished.arm else None,
        "summary": asdict(finished.summary),
    }
    keep_weights(finished.model, plan.target_stage, workspace, described)


def _read_kept(plan: TrialPlan, workspace: Workspace) -> TrainedTrial | None:
    """The trained target stage where its weights were kept; no stage is run then.

    Those after the last step are kept, so that rules that choose among others train again.
    """
    if plan.spec.evaluation.other_selections or not is_published(workspace.weights / plan.target_stage.key):
        return None
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    kept = load_weights(plan.target_stage, plan.spec, workspace)
    if kept is None:
        return None
    for stage in plan.shared_stages:  # of an arm, other checks may be waived now
        if is_published(workspace.stages / stage.key):
            recheck_examples(stage, read_artifact(stage.key, workspace), workspace, stage_seed(stage, plan.spec))
    manifest = kept.manifest
    arm, summary = manifest["arm"], manifest["summary"]
    return TrainedTrial(
        status=manifest["status"],
        reason=manifest["reason"],
        costs=tuple(StageCost(**{**cost, "is_shared": True}) for cost in manifest["costs"]),
        arm=arm and ArmRecord(mean_difficulty=arm["mean_difficulty"], failed_checks=_as_tuple(arm["failed_checks"])),
        summary=TrainingSummary(
            **{**summary, "train_seconds": 0.0, "perturbation": PerturbationRecord(**summary["perturbation"])}
        ),
        model=kept.model.to(select_device(workspace.device)),
    )


def _as_tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
