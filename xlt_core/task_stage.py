"""Train a task's stage from its parent's encoder: prepare, train, judge. In: a `Stage`, a spec. Out: a `TrainedStage`.

The three are apart since an array of trials prepares and judges each of its members, and trains all at once.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xlt_core.candidates import Candidates, open_candidates
from xlt_core.checkpoints import CheckpointFolder
from xlt_core.data.tokens import TokenTable
from xlt_core.difficulty.pool import POOL_SEED
from xlt_core.difficulty.training import TrainingExamples, choose_examples
from xlt_core.encoders.loading import load_encoder
from xlt_core.encoders.vocabulary import TrainedRows, restrict_vocabulary
from xlt_core.finetune import FineTuning
from xlt_core.heads import build_head
from xlt_core.mixture import Training as StageTraining
from xlt_core.mixture import build_training
from xlt_core.model import TrialModel
from xlt_core.perturbations.base import build_perturbation
from xlt_core.predict import load_tokens
from xlt_core.process_state import select_device
from xlt_core.progress import OnProgress, report_steps
from xlt_core.result import StageCost, TrainingSummary
from xlt_core.spec import OptimSpec, StageSpec, TrialSpec
from xlt_core.stage_plan import Stage
from xlt_core.streams import stream_seed
from xlt_core.summary import summarize_training
from xlt_core.tasks import load_task
from xlt_core.tasks.base import FROZEN_SHAPES
from xlt_core.train import OnStep, TrainOutcome, train
from xlt_core.updates import frozen_decay
from xlt_core.workspace import Workspace


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


@dataclass(frozen=True, kw_only=True)
class PreparedStage:
    """A stage that trains something, before its first step."""

    stage: Stage
    spec: TrialSpec
    settings: StageSpec
    optim: OptimSpec
    workspace: Workspace
    checkpoints: CheckpointFolder
    model: TrialModel
    table: TokenTable
    """Of the stage's own task."""
    main: FineTuning
    """The stage's own task."""
    training: StageTraining
    """With what is trained beside it."""
    arm: dict[str, Any] | None
    seconds: float
    """That it took to get here."""

    @property
    def seed(self) -> int:
        """Of the stage."""
        return stage_seed(self.stage, self.spec)

    @property
    def token_ids(self) -> npt.NDArray[np.integer]:
        """All that may be read."""
        return self.training.token_ids


def train_stage(
    stage: Stage,
    spec: TrialSpec,
    workspace: Workspace,
    checkpoints: CheckpointFolder,
    on_progress: OnProgress | None = None,
    *,
    until_step: int | None = None,
) -> TrainedStage:
    """Train a task's stage and judge its health on the source language.

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
    if load_task(settings.task).shape in FROZEN_SHAPES:
        return _take_as_it_is(stage, build_model(stage, spec, workspace).to(select_device(workspace.device)))
    prepared = prepare_stage(stage, spec, workspace, checkpoints)
    with restrict_vocabulary(prepared.model.encoder, prepared.token_ids) as trained_rows:
        candidates = open_candidates(stage, spec, prepared.model, trained_rows, checkpoints)
        outcome = train(
            prepared.training.objective,
            prepared.optim,
            seed=prepared.seed,
            checkpoints=checkpoints,
            checkpoint_every_steps=workspace.checkpoint_every_steps,
            until_step=until_step,
            on_step=follow_steps(prepared, on_progress, candidates),
            tell=workspace.tell,
        )
        decay_frozen_rows(trained_rows, prepared, outcome)
    return conclude_stage(prepared, outcome, candidates)


def prepare_stage(stage: Stage, spec: TrialSpec, workspace: Workspace, checkpoints: CheckpointFolder) -> PreparedStage:
    """Load what a stage starts from, its examples and what is trained beside it; arguments as `train_stage`."""
    settings = stage.settings
    assert settings is not None, "pre-training has no task"
    assert settings.optim is not None, "a canonical stage carries its recipe"
    started = time.perf_counter()
    device, seed = select_device(workspace.device), stage_seed(stage, spec)
    model = build_model(stage, spec, workspace).to(device)
    chosen = choose_examples(stage, workspace, seed)
    table = _load_table(settings, model, spec, workspace, chosen, seed)
    main = FineTuning(
        model,
        chosen.apply(table) if chosen else table,
        settings,
        seed=seed,
        device=device,
        micro_batch_size=workspace.micro_batch_size,
        pool=chosen.pool(table) if chosen else None,
        order=chosen.order(table) if chosen else None,
    )
    training = build_training(main, table.input_ids, settings, spec, workspace, seed=seed, device=device)
    return PreparedStage(
        stage=stage,
        spec=spec,
        settings=settings,
        optim=settings.optim,
        workspace=workspace,
        checkpoints=checkpoints,
        model=model,
        table=table,
        main=main,
        training=training,
        arm=chosen.record if chosen else None,
        seconds=time.perf_counter() - started,
    )


def _load_table(
    settings: StageSpec,
    model: TrialModel,
    spec: TrialSpec,
    workspace: Workspace,
    chosen: TrainingExamples | None,
    seed: int,
) -> TokenTable:
    """Training tokens of the stage's own task."""
    edit = (chosen and chosen.edit) or build_perturbation([settings.perturbation]).edit_examples(seed)
    data_seed = POOL_SEED if chosen else stream_seed(seed, "data")
    source = load_task(settings.task).source_language
    return load_tokens(settings, "train", source, model.encoder, spec, workspace, data_seed=data_seed, edit=edit)


def follow_steps(prepared: PreparedStage, on_progress: OnProgress | None, candidates: Candidates | None) -> OnStep:
    """What is to be called after each step."""
    report = report_steps(prepared.stage, prepared.optim.num_steps, on_progress)

    def on_step(num_steps_taken: int) -> None:
        if candidates is not None:
            candidates.note_step(num_steps_taken)
        report(num_steps_taken)

    return on_step


def decay_frozen_rows(trained_rows: TrainedRows, prepared: PreparedStage, outcome: TrainOutcome) -> None:
    """Say what weight decay has left of the rows that are not trained."""
    trained_rows.frozen_decay = frozen_decay(prepared.optim, outcome.num_applied_steps)


def conclude_stage(prepared: PreparedStage, outcome: TrainOutcome, candidates: Candidates | None) -> TrainedStage:
    """Judge a training, with the whole table of word embeddings in its place again."""
    started = time.perf_counter()
    summary = summarize_training(
        prepared.model, outcome, prepared.table, prepared.settings, prepared.spec, prepared.workspace
    )
    seconds = prepared.seconds + outcome.wall_seconds + time.perf_counter() - started
    return TrainedStage(
        model=prepared.model,
        outcome=outcome,
        summary=summary,
        cost=measure_cost(prepared.stage, seconds, outcome, prepared.optim),
        arm=prepared.arm,
        candidates=candidates,
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


def measure_cost(stage: Stage, wall_seconds: float, outcome: TrainOutcome, optim: OptimSpec) -> StageCost:
    """What a stage took that this process has trained."""
    return StageCost(
        stage_key=stage.key,
        kind=stage.kind,
        wall_seconds=wall_seconds,
        num_steps=outcome.num_steps,
        num_examples=outcome.num_steps * optim.batch_size,
        is_shared=False,
    )
