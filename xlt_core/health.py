"""Whether a training run learned anything. In: its log and its source-language dev predictions. Out: a reason, or none.

A run that collapsed is a finding with the status `degenerate`; it is recorded and never re-seeded.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xlt_core.data.tokens import TokenTable
from xlt_core.mixture import find_main_steps
from xlt_core.result import LabelPredictions, Predictions
from xlt_core.spec import StageSpec
from xlt_core.tasks import load_task
from xlt_core.train import TrainOutcome
from xlt_core.updates import num_warmup_steps

_TAIL_SHARE = 0.2
_CHANCE_LOSS_SHARE = 0.95
_MIN_POINTS_OVER_MAJORITY = 2.0
_MAX_ONE_LABEL_SHARE = 0.98
_DEAD_GRADIENT_RATIO = 1e-3
_DEAD_GRADIENT_STEPS = 200
_LEARNED_LOSS_SHARE = 0.1


def find_collapse(outcome: TrainOutcome, settings: StageSpec, table: TokenTable, dev: Predictions | None) -> str | None:
    """Say why a stage's own task was not learned, by the steps that trained it and by its dev predictions.

    Args:
        outcome: of the whole training; other tasks may have been trained beside.
        settings: of the stage, canonical.
        table: training tokens of its own task.
        dev: none where there is no dev set.
    """
    assert settings.optim is not None, "a canonical stage carries its recipe"
    chance_loss = measure_chance_loss(table, len(load_task(settings.task).labels), settings.optim.batch_size)
    is_main = find_main_steps(outcome.log)
    warmup = int(is_main[: num_warmup_steps(settings.optim)].sum())
    losses = np.array(outcome.log.get("clean_loss", outcome.losses))  # a disturbed loss at chance is no collapse
    norms = np.array(outcome.grad_norms)
    flat = find_flat_training(losses[is_main].tolist(), norms[is_main].tolist(), warmup, chance_loss)
    return flat or (find_collapsed_predictions(dev) if isinstance(dev, LabelPredictions) else None)


def find_flat_training(
    losses: Sequence[float], grad_norms: Sequence[float], num_warmup_steps: int, chance_loss: float
) -> str | None:
    """Say why the training log shows no learning: a loss at chance at the end, or a vanished gradient.

    A gradient that vanishes together with the loss is the end of learning and not its failure. Thresholds follow the
    failed-run reports around Mosbach et al. 2021 and are our choice.

    Args:
        losses: one a step; where it is not a number, the last one before it holds.
        grad_norms: one a step.
        num_warmup_steps: the gradient of these is the measure of later ones.
        chance_loss: of knowing nothing (`measure_chance_loss`).
    """
    filled = _fill(losses)
    tail = filled[-max(1, round(_TAIL_SHARE * len(filled))) :]
    mean_loss = float(np.mean(tail))
    if mean_loss > _CHANCE_LOSS_SHARE * chance_loss:
        return f"mean loss {mean_loss:.3f} over the last fifth of training is at chance ({chance_loss:.3f})"
    warm = grad_norms[: max(1, num_warmup_steps)]
    floor = _DEAD_GRADIENT_RATIO * float(np.median(warm))
    run_length = 0
    for step, (norm, loss) in enumerate(zip(grad_norms, filled, strict=True)):
        is_dead = norm < floor and loss > _LEARNED_LOSS_SHARE * chance_loss
        run_length = run_length + 1 if is_dead else 0
        if run_length == _DEAD_GRADIENT_STEPS:
            return f"gradient norm under {floor:.2e} for {_DEAD_GRADIENT_STEPS} steps, up to step {step + 1}"
    return None


def measure_chance_loss(table: TokenTable, num_labels: int, batch_size: int) -> float:
    """Cross-entropy of taking all classes for equally likely; classes are labels, choices, places, or passages.

    Args:
        table: of the training set.
        num_labels: of the task.
        batch_size: passages that a query of a dual encoder is to choose from.
    """
    if table.shape == "span":
        return float(np.log(table.lengths).mean())
    if table.shape == "dual":
        return math.log(batch_size)
    return math.log(table.num_sequences_per_row if table.shape == "choice" else num_labels)


def _fill(losses: Sequence[float]) -> npt.NDArray[np.float64]:
    """Give steps without a loss the last one before them."""
    values = np.array(losses, np.float64)
    known = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[known]


def find_collapsed_predictions(predictions: LabelPredictions) -> str | None:
    """Say why predictions on the source language's dev set show a collapse: the majority's accuracy, or one label."""
    gold, predicted = predictions.gold, predictions.predicted
    labels = np.arange(len(predictions.labels))
    counts = (predicted[:, None] == labels).sum(axis=0)
    if counts.max() > _MAX_ONE_LABEL_SHARE * len(predicted):
        share = 100.0 * counts.max() / len(predicted)
        return (
            f"{share:.1f} % of the {predictions.language} dev predictions are '{predictions.labels[counts.argmax()]}'"
        )
    accuracy = 100.0 * float(np.mean(gold == predicted))
    majority = 100.0 * float((gold[:, None] == labels).mean(axis=0).max())
    if accuracy < majority + _MIN_POINTS_OVER_MAJORITY:
        return f"{predictions.language} dev accuracy {accuracy:.1f} is at the majority label's {majority:.1f}"
    return None
