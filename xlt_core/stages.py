"""Train one stage of a trial. In: a `Stage` and the spec it came from. Out: a `TrainedStage`, or a published artifact.

An artifact is an encoder folder under its stage key, with a manifest; a stage that is published is never run again.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from xlt_core.artifacts import is_published, publish_folder
from xlt_core.candidates import Candidates, open_candidates
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.data.tokens import TokenTable
from xlt_core.difficulty.pool import POOL_SEED
from xlt_core.difficulty.score_stage import score_stage
from xlt_core.difficulty.training import TrainingExamples, choose_examples
from xlt_core.encoders.loading import load_encoder
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.mixture import build_training
from xlt_core.model import TrialModel
from xlt_core.perturbations.base import build_perturbation
from xlt_core.predict import load_tokens
from xlt_core.process_state import reset_process_state, select_device
from xlt_core.result import StageCost, TrainingSummary
from xlt_core.spec import OptimSpec, StageSpec, TrialSpec
from xlt_core.stage_artifacts import open_checkpoints, read_artifact
from xlt_core.stage_plan import Stage
from xlt_core.streams import stream_seed
from xlt_core.summary import summarize_training
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.train import OnStep, TrainOutcome, train
from xlt_core.workspace import Workspace
from xlt_core.world.pretrain import prepare_pretraining


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a stage is."""

    kind: str
    stage_key: str
    num_steps_taken: int
    num_steps: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, kw_only=True)
class TrainedStage:
    """A stage after its last step, or some step before it, still in memory."""

    model: TrialModel
    outcome: TrainOutcome
    summary: TrainingSummary
    cost: StageCost
    arm: dict[str, Any] | None = None
    """What was drawn by difficulty, and the checks of it."""
    candidates: Candidates | None = None
    """Weights on the way; none where no rule chooses among them."""


def run_stage(stage: Stage, spec: TrialSpec, workspace: Workspace, on_progress: OnProgress | None = None) -> Path:
    """Make sure that a shared stage's artifact is published; give its folder.

    A run that diverged is published too, without weights: that it did is its result.

    Raises:
        DamagedArtifactError: a stage that this one needs is not as it was published.
    """
    folder = workspace.stages / stage.key
    checkpoints = open_checkpoints(stage.key, stage, workspace)
    if is_published(folder):
        checkpoints.clear()  # of a process that was killed between the two
        return folder
    for key in stage.needs:
        read_artifact(key, workspace)
    reset_process_state(workspace.num_threads, workspace.memory_fraction)
    if stage.kind == "pretrain":
        _pretrain(stage, workspace, checkpoints, on_progress)
    elif stage.kind == "score":
        _score(stage, workspace, on_progress)
    else:
        trained = train_stage(stage, spec, workspace, checkpoints, on_progress)
        summary = trained.summary
        manifest = {**_describe_stage(stage), "cost": asdict(trained.cost)}
        manifest |= {"status": summary.status, "reason": summary.reason, "arm": trained.arm}

        def write(partial: Path) -> None:
            if summary.status != "diverged":
                trained.model.encoder.save(partial)  # the encoder alone: no head passes on

        publish_folder(folder, write, manifest)
    checkpoints.clear()
    return folder


def train_stage(
    stage: Stage,
    spec: TrialSpec,
    workspace: Workspace,
    checkpoints: CheckpointFolder,
    on_progress: OnProgress | None = None,
    *,
    until_step: int | None = None,
) -> TrainedStage:
    """Train a task's stage from its parent's encoder and judge its health on the source language.

    Args:
        stage: `intermediate` or `target`.
        spec: of the trial.
        workspace: where and how.
        checkpoints: of this stage.
        on_progress: told of every step.
        until_step: go no further; none: to the end.
    """
    settings = stage.settings
    assert settings is not None, "pre-training has no task"
    assert settings.optim is not None, "a canonical stage carries its recipe"
    started = time.perf_counter()
    device, seed = select_device(workspace.device), stage_seed(stage, spec)
    task = load_task(settings.task)
    model = build_model(stage, spec, workspace).to(device)
    if task.shape in FROZEN_SHAPES:
        return _take_as_it_is(stage, model)
    chosen = choose_examples(stage, workspace, seed)
    edit = (chosen and chosen.edit) or build_perturbation([settings.perturbation]).edit_examples(seed)
    data_seed = POOL_SEED if chosen else stream_seed(seed, "data")
    table = load_tokens(
        settings, "train", task.source_language, model.encoder, spec, workspace, data_seed=data_seed, edit=edit
    )
    main = _build_main(model, table, chosen, settings, workspace, seed=seed, device=device)
    training = build_training(main, table.input_ids, settings, spec, workspace, seed=seed, device=device)
    # Rows of tokens that never occur have no gradient and stay as they are, but for weight decay, which moves them all.
    is_exact = settings.optim.weight_decay == 0.0
    trained_ids = training.token_ids if is_exact else None
    candidates = open_candidates(stage, spec, model, trained_ids, checkpoints)
    with nullcontext() if trained_ids is None else restrict_vocabulary(model.encoder, trained_ids):
        outcome = train(
            training.objective,
            settings.optim,
            seed=seed,
            checkpoints=checkpoints,
            checkpoint_every_steps=workspace.checkpoint_every_steps,
            until_step=until_step,
            on_step=_report(stage, settings.optim.num_steps, on_progress, candidates),
            tell=workspace.tell,
        )
    return TrainedStage(
        model=model,
        outcome=outcome,
        summary=summarize_training(model, outcome, table, settings, spec, workspace),
        cost=_measure_cost(stage, started, outcome, settings.optim),
        arm=chosen.record if chosen else None,
        candidates=candidates,
    )


def _build_main(
    model: TrialModel,
    table: TokenTable,
    chosen: TrainingExamples | None,
    settings: StageSpec,
    workspace: Workspace,
    *,
    seed: int,
    device: torch.device,
) -> FineTuning:
    """The stage's own task, on all of its examples or the chosen ones."""
    return FineTuning(
        model,
        chosen.apply(table) if chosen else table,
        settings,
        seed=seed,
        device=device,
        micro_batch_size=workspace.micro_batch_size,
        pool=chosen.pool(table) if chosen else None,
        order=chosen.order(table) if chosen else None,
    )


def _take_as_it_is(stage: Stage, model: TrialModel) -> TrainedStage:
    """The end of a stage that trains nothing."""
    cost = StageCost(
        stage_key=stage.key, kind=stage.kind, wall_seconds=0.0, num_steps=0, num_examples=0, is_shared=False
    )
    outcome = TrainOutcome(log={"loss": (), "grad_norm": ()}, diverged_reason=None, wall_seconds=0.0)
    return TrainedStage(model=model, outcome=outcome, summary=TrainingSummary(), cost=cost)


def stage_seed(stage: Stage, spec: TrialSpec) -> int:
    """Seed of all that is random in a stage; equal in every cell, different between the stages of a trial."""
    return stream_seed(spec.seed_of(stage.kind), stage.kind)


def build_model(stage: Stage, spec: TrialSpec, workspace: Workspace) -> TrialModel:
    """The model that a stage starts from: its parent's encoder (or the given one) under a new head."""
    assert stage.settings is not None, "pre-training has no head"
    task = load_task(stage.settings.task)
    source = workspace.stages / stage.parent if stage.parent else spec.encoder.source
    encoder = load_encoder(source, dropout=spec.model.dropout)
    head = build_head(task.shape, encoder.hidden_size, len(task.labels), spec.model, stage_seed(stage, spec))
    return TrialModel(encoder, head)


def _pretrain(
    stage: Stage, workspace: Workspace, checkpoints: CheckpointFolder, on_progress: OnProgress | None
) -> None:
    """Make the embedded world's encoder."""
    pretrain = stage.encoder.pretrain if stage.encoder else None
    assert pretrain is not None, "only a spec with pre-training has this stage"
    started = time.perf_counter()
    objective, optim = prepare_pretraining(pretrain)
    outcome = train(
        objective,
        optim,
        seed=pretrain.seed,
        checkpoints=checkpoints,
        checkpoint_every_steps=workspace.checkpoint_every_steps,
        on_step=_report(stage, optim.num_steps, on_progress),
        tell=workspace.tell,
    )
    cost = _measure_cost(stage, started, outcome, optim)
    reason = outcome.diverged_reason
    manifest = {**_describe_stage(stage), "cost": asdict(cost), "status": "diverged" if reason else "ok"}
    publish_folder(workspace.stages / stage.key, objective.save, {**manifest, "reason": reason})


def _score(stage: Stage, workspace: Workspace, on_progress: OnProgress | None) -> None:
    """Say how hard every example of a training set is."""
    assert stage.settings is not None, "scoring has a task"
    assert stage.scorer is not None, "scoring has a scorer"
    given = stage.encoder.source if stage.encoder else None
    source = workspace.stages / stage.parent if stage.parent else given

    def on_steps(num_steps_taken: int, num_steps: int) -> None:
        if on_progress is not None:
            on_progress(
                Progress(kind=stage.kind, stage_key=stage.key, num_steps_taken=num_steps_taken, num_steps=num_steps)
            )

    score_stage(
        stage.settings,
        stage.scorer,
        source,
        workspace,
        workspace.stages / stage.key,
        on_steps,
        described=_describe_stage(stage),
    )


def _measure_cost(stage: Stage, started: float, outcome: TrainOutcome, optim: OptimSpec) -> StageCost:
    return StageCost(
        stage_key=stage.key,
        kind=stage.kind,
        wall_seconds=time.perf_counter() - started,
        num_steps=outcome.num_steps,
        num_examples=outcome.num_steps * optim.batch_size,
        is_shared=False,
    )


def _describe_stage(stage: Stage) -> dict[str, Any]:
    return {"stage": stage.model_dump(mode="json")}


def _report(
    stage: Stage, num_steps: int, on_progress: OnProgress | None, candidates: Candidates | None = None
) -> OnStep:
    def on_step(num_steps_taken: int) -> None:
        if candidates is not None:
            candidates.note_step(num_steps_taken)
        if on_progress is not None:
            on_progress(
                Progress(kind=stage.kind, stage_key=stage.key, num_steps_taken=num_steps_taken, num_steps=num_steps)
            )

    return on_step
