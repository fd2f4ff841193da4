"""How the training of a stage went. In: its log and the trained model. Out: a `TrainingSummary`.

Only the source language is looked at: its training loss, and its dev set.
"""

import numpy as np

from xlt_core.data.tokens import TokenTable
from xlt_core.errors import ScoreError
from xlt_core.finetune import record_perturbation
from xlt_core.health import find_collapse
from xlt_core.metrics import compute_metric
from xlt_core.model import TrialModel
from xlt_core.predict import Predictor
from xlt_core.result import Predictions, TrainingSummary
from xlt_core.spec import StageSpec, TrialSpec
from xlt_core.tasks import load_task
from xlt_core.train import TrainOutcome
from xlt_core.workspace import Workspace


def summarize_training(
    model: TrialModel,
    outcome: TrainOutcome,
    table: TokenTable,
    settings: StageSpec,
    spec: TrialSpec,
    workspace: Workspace,
) -> TrainingSummary:
    """Judge a training by its log and by what the model says of the source language's dev set.

    Args:
        model: trained.
        outcome: of its training, or of the part of it so far.
        table: training tokens of the stage's own task.
        settings: of the stage.
        spec: of the trial.
        workspace: where tokens are.
    """
    has_diverged = outcome.diverged_reason is not None
    dev = None if has_diverged else _predict_dev(model, settings, spec, workspace)
    collapse = None if has_diverged else find_collapse(outcome, settings, table, dev)
    return TrainingSummary(
        status="diverged" if has_diverged else "degenerate" if collapse else "ok",
        reason=outcome.diverged_reason or collapse,
        num_steps=outcome.num_steps,
        train_seconds=outcome.wall_seconds,
        final_train_loss=None if has_diverged else _mean_final_loss(outcome),
        source_dev_score=None if dev is None else _score(dev, settings),
        perturbation=record_perturbation(settings, outcome),
        micro_batch_size=outcome.micro_batch_size,
    )


def _predict_dev(model: TrialModel, settings: StageSpec, spec: TrialSpec, workspace: Workspace) -> Predictions | None:
    """Predictions on the source language's dev set; none where there is none, or candidates would have to be ranked."""
    task = load_task(settings.task)
    if task.shape == "dual" or task.source_language not in task.find_languages(settings.data_of("dev"), "dev"):
        return None
    return Predictor(model, settings, spec, workspace).predict("dev", task.source_language).predictions


def _score(dev: Predictions, settings: StageSpec) -> float | None:
    try:
        return compute_metric(load_task(settings.task).metrics[0], dev).value
    except ScoreError:  # the dev set has nothing that this metric counts: no reason to lose the trial
        return None


def _mean_final_loss(outcome: TrainOutcome) -> float:
    return float(np.mean(outcome.losses[-max(1, outcome.num_steps // 10) :]))
