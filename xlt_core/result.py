"""What a trial gives back: a status with its reason, scores, predictions, time and versions. No torch here."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Status = Literal["ok", "degenerate", "diverged", "stopped_early", "oom", "infra"]
STATUSES: tuple[Status, ...] = ("ok", "degenerate", "diverged", "stopped_early", "oom", "infra")


@dataclass(frozen=True, kw_only=True)
class LanguageScore:
    """One number for one trial, language and metric; a language that could not be scored has a reason instead."""

    language: str
    metric: str
    value: float | None
    """0 to 100."""
    num_examples: int
    reason: str | None = None
    selection: str = "last"
    condition: str = "clean"
    condition_language: str | None = None
    """Language of the second sentence, where it has one of its own."""
    num_units: int | None = None
    """What the metric counts over: words, chunks, questions, queries or pairs."""
    chance: float | None = None
    """0 to 100: the score of knowing nothing of the examples (`metrics.chance`)."""
    fertility: float | None = None
    """Sub-words a word of the texts, by the trial's tokenizer; none where words are not parted by spaces."""
    tokens_per_character: float | None = None
    unknown_rate: float | None = None
    """Share of unknown tokens, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a trial answered in one language; each kind of answer has a class."""

    language: str
    example_ids: tuple[str, ...]
    """One an example."""
    condition: str = "clean"
    """How the language was evaluated."""
    condition_language: str | None = None
    """Language of the second sentence, where it has one of its own."""
    outcomes: npt.NDArray[np.float32] | None = None
    """Numerators of the task's primary metric (`metrics.measured`), one a unit, question, query or pair, shape (N,);
    none: it is no ratio of such."""
    weights: npt.NDArray[np.float32] | None = None
    """Its denominators, shape (N,); none: all are 1."""


@dataclass(frozen=True, kw_only=True)
class LabelPredictions(Predictions):
    """Gold and predicted labels, one entry a unit (a text, a pair, a choice, or a word of a sentence)."""

    labels: tuple[str, ...]
    """Names of the label indices."""
    num_units: npt.NDArray[np.int32]
    """Units of each example, shape (num_examples,); all ones but for tagging."""
    gold: npt.NDArray[np.int16]
    """Label indices, shape (sum of num_units,)."""
    predicted: npt.NDArray[np.int16]
    """Label indices, same shape; -1 for a word beyond the maximal length, which counts as wrong."""
    expected: npt.NDArray[np.float32] | None = None
    """Mean label index under the model's probabilities, same shape: what examples are ranked by; none: not ranked."""
    groups: tuple[str, ...] | None = None
    """What examples are ranked within, one an example."""


@dataclass(frozen=True, kw_only=True)
class AnswerPredictions(Predictions):
    """Answers to questions, as texts."""

    gold: tuple[tuple[str, ...], ...]
    """All right answers of each question; an empty text: the context does not have the answer."""
    predicted: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RankedPredictions(Predictions):
    """The best candidates of each query, best first. N queries, K ranks."""

    candidate_ids: tuple[str, ...]
    """Of all candidates that are named below."""
    num_candidates: int
    """Candidates that were searched."""
    ranked: npt.NDArray[np.int64]
    """Indices into `candidate_ids`, shape (N, K)."""
    is_relevant: npt.NDArray[np.bool_]
    """Shape (N, K)."""
    num_targets: npt.NDArray[np.int32]
    """Relevant candidates that there are, found or not, shape (N,)."""
    gold: tuple[str, ...]
    """Id of a relevant candidate, or what all of a query's have in common, shape (N,)."""


@dataclass(frozen=True, kw_only=True)
class MinedPredictions(Predictions):
    """Pairs of sentences found to be translations. `example_ids` are those of all first sentences below."""

    gold: frozenset[tuple[str, str]]
    """Ids of both sentences."""
    predicted: frozenset[tuple[str, str]]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair that is gold, predicted or both, in one order: what outcomes belong to."""
        return tuple(sorted(self.gold | self.predicted))


SizeKind = Literal["embedding", "weights", "words"]
"""What a perturbation's size is a share of: `embedding` ||delta||/||e|| a token, `weights` ||delta||/||w||, `words` the
words that were exchanged."""


@dataclass(frozen=True, kw_only=True)
class PerturbationRecord:
    """How large the target stage's perturbation really was, and what it cost; None where not measured."""

    size_kind: SizeKind | None = None
    size_mean: float | None = None
    """Over the probed steps."""
    size_max: float | None = None
    loss_gap: float | None = None
    """Disturbed minus clean loss, mean over the probed steps."""
    num_forwards: float | None = None
    """Forward passes a step, as the next two."""
    num_backwards: float | None = None
    num_weight_gradients: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """How the training of a stage went; all zeros and None where nothing was trained."""

    status: Status = "ok"
    reason: str | None = None
    """Why the status is not `ok`."""
    num_steps: int = 0
    train_seconds: float = 0.0
    """Of this process only; steps restored from a checkpoint took theirs elsewhere."""
    final_train_loss: float | None = None
    """Mean of the last tenth of the losses; None where training diverged."""
    source_dev_score: float | None = None
    """Primary metric on the source language's dev set, 0 to 100."""
    perturbation: PerturbationRecord = PerturbationRecord()
    micro_batch_size: int | None = None
    """Examples in memory at one time in the end; none: all of a step."""


@dataclass(frozen=True, kw_only=True)
class StageCost:
    """What one stage took, in the process that finished it."""

    stage_key: str
    kind: str
    wall_seconds: float
    num_steps: int
    num_examples: int
    is_shared: bool
    """True where another trial's stage was found and used."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """What a trial's target stage had come to at a place where a scheduler may have stopped it."""

    num_steps: int
    score: float | None
    """Primary metric on the source language's dev set, 0 to 100; none: the task has none there, or it diverged."""


@dataclass(frozen=True, kw_only=True)
class ArmRecord:
    """The arm that an intermediate stage was trained on; None where not known."""

    mean_difficulty: float | None = None
    """In the unit of its measure."""
    failed_checks: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """Everything a trial leaves behind."""

    trial_id: str
    status: Status
    reason: str | None
    started_at: str
    """UTC, ISO 8601."""
    wall_seconds: float
    train_seconds: float
    evaluate_seconds: float
    num_steps: int
    final_train_loss: float | None
    source_dev_score: float | None
    """Primary metric on the source language's dev set, 0 to 100."""
    stages: tuple[StageCost, ...] = ()
    scores: tuple[LanguageScore, ...] = ()
    predictions: tuple[Predictions, ...] = ()
    perturbation: PerturbationRecord | None = None
    """None where nothing was measured, as in plain training."""
    versions: tuple[tuple[str, str], ...] = ()
    """Library name and version, sorted."""
    device: str = ""
    host: str = ""
    arm: ArmRecord | None = None
    """None where no arm was drawn."""
    rungs: tuple[Rung, ...] = ()
    """By their steps; none where no scheduler looked."""
    micro_batch_size: int | None = None
    """Training examples in memory at one time in the end; none: all of a step."""
    peak_bytes: int | None = None
    """Of GPU memory reserved by torch, or on a CPU of the process."""
