"""What the runs of a comparison scored in one language, with what each example adds to it.

In: scores and outcomes of a store. Out: arrays by cell, seed and example, or the reason why there are none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.statistics.outcomes import Outcomes, Place
from results.statistics.pairing import PairedRuns

LAST = "last"
"""The selection of checkpoints that predictions are kept of."""

SCORE_TOLERANCE = 0.01
"""Points by which outcomes may miss the score that they are said to make."""

NO_RATIO = "the metric is no ratio of sums"
NO_PREDICTIONS = "no predictions of some runs"
ONLY_LAST = "predictions are kept of the last checkpoint only"
OTHER_METRIC = "predictions hold outcomes of another metric"


class Measure(NamedTuple):
    """What is measured, on which checkpoint, and how."""

    metric: str
    selection: str
    condition: str


class Spot(NamedTuple):
    """A language, or an ordered pair of them."""

    language: str
    condition_language: str
    """Empty where there is no second one."""


class Score(NamedTuple):
    """One score."""

    value: float
    num_examples: int


@dataclass(frozen=True)
class Measurements:
    """Everything that the runs of a store scored."""

    scores: Mapping[Measure, Mapping[str, Mapping[Spot, Score]]]
    """By measure, trial and language; those without a value are left out. Measures as the trials report them."""
    chance: Mapping[tuple[str, str, Spot], float]
    """By target task, metric and language."""
    metrics: Mapping[str, Sequence[str]]
    """Of each target task, as its trials report them: the primary one first."""
    outcomes: Mapping[str, Mapping[Place, Outcomes]] = field(default_factory=dict)
    """By trial."""
    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of examples, by their hash."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One comparison in one language. C cells, k seeds, N examples."""

    paired: PairedRuns
    """The seeds in which every cell has a score."""
    values: npt.NDArray[np.float64]
    """Shape (C, k)."""
    contributions: npt.NDArray[np.float32] | None
    """Shape (C, k, N); none: see `why_not`."""
    right: npt.NDArray[np.bool_] | None
    """Which examples are right, shape (C, k, N); none where that is not all there is to an outcome."""
    num_examples: int
    examples_hash: str | None
    why_not: str | None
    """Why the examples cannot be resampled."""


@dataclass(frozen=True)
class Unequal:
    """The runs were scored on unlike examples: nothing is compared."""

    reason: str


def collect_scores(scores: pa.Table, tasks: Mapping[str, str]) -> Measurements:
    """Put scores in places where they are found; outcomes are left empty.

    Args:
        scores: `schema.SCORES`.
        tasks: target task by trial.
    """
    found: dict[Measure, dict[str, dict[Spot, Score]]] = {}
    chance: dict[tuple[str, str, Spot], float] = {}
    metrics: dict[str, dict[str, None]] = {}
    names = [*Measure._fields, "trial_id", *Spot._fields, "value", "num_examples", "chance"]
    columns = [scores[name].to_pylist() for name in names]
    for metric, selection, condition, trial_id, language, second, value, num_examples, level in zip(
        *columns, strict=True
    ):
        spot, task = Spot(language, second or ""), tasks[trial_id]
        metrics.setdefault(task, {})[metric] = None
        if level is not None:
            chance.setdefault((task, metric, spot), level)
        if value is not None:
            of_trial = found.setdefault(Measure(metric, selection, condition), {}).setdefault(trial_id, {})
            of_trial[spot] = Score(value, num_examples)
    return Measurements(found, chance, {task: tuple(names) for task, names in metrics.items()})


def measure_runs(
    measurements: Measurements, paired: PairedRuns, task: str, measure: Measure, spot: Spot
) -> Measured | Unequal:
    """Look up what the runs of a comparison scored in one language; runs that diverged count as chance.

    Args:
        measurements: of the store.
        paired: the runs; seeds in which one of them has no score are left out.
        task: the target task.
        measure: what was measured.
        spot: the language.
    """
    of_measure = measurements.scores.get(measure, {})
    level = measurements.chance.get((task, measure.metric, spot), np.nan)
    found = [[of_measure.get(run.trial_id, {}).get(spot) for run in runs] for runs in paired.runs]
    values = np.full((len(paired.runs), len(paired.seeds)), np.nan)
    for cell, runs in enumerate(paired.runs):
        for place, run in enumerate(runs):
            score = found[cell][place]
            values[cell, place] = score.value if score else level if run.status == "diverged" else np.nan
    is_scored: npt.NDArray[np.bool_] = np.all(~np.isnan(values), axis=0)
    paired, values = paired.keep(is_scored), values[:, is_scored]
    counts = {score.num_examples for scores in found for score in scores if score}
    where = Place(spot.language, measure.condition, spot.condition_language)
    known = {
        trial_id: of_trial[where]
        for trial_id in sorted(paired.trial_ids)
        if where in (of_trial := measurements.outcomes.get(trial_id, {}))
    }
    if len({one.examples_hash for one in known.values()}) > 1:
        return Unequal(_describe_unequal(known, measurements.ids))
    if not known and len(counts) > 1:
        return Unequal(f"the runs were scored on {' and '.join(map(str, sorted(counts)))} examples")
    contributions, why_not = _stack_contributions(paired, values, known, measure)
    return Measured(
        paired=paired,
        values=values,
        contributions=contributions,
        right=_stack_right(paired, known) if contributions is not None else None,
        num_examples=max(counts, default=0),
        examples_hash=next((one.examples_hash for one in known.values()), None),
        why_not=why_not,
    )


def _stack_contributions(
    paired: PairedRuns, values: npt.NDArray[np.float64], outcomes: Mapping[str, Outcomes], measure: Measure
) -> tuple[npt.NDArray[np.float32] | None, str | None]:
    """Contributions of all runs, shape (C, k, N), or the reason why there are none."""
    if measure.selection != LAST:
        return None, ONLY_LAST
    if not outcomes:
        return None, NO_PREDICTIONS
    num_examples = next(iter(outcomes.values())).num_examples
    stacked = np.zeros((*values.shape, num_examples), np.float32)
    for cell, runs in enumerate(paired.runs):
        for place, run in enumerate(runs):
            one = outcomes.get(run.trial_id)
            if one is None:
                if run.status == "diverged":  # at chance by definition, whatever the examples
                    continue
                return None, NO_PREDICTIONS
            contributions = one.contributions()
            if contributions is None:
                return None, NO_RATIO
            if not abs(one.score - values[cell, place]) <= SCORE_TOLERANCE:
                return None, OTHER_METRIC
            stacked[cell, place] = contributions
    return stacked, None


def _stack_right(paired: PairedRuns, outcomes: Mapping[str, Outcomes]) -> npt.NDArray[np.bool_] | None:
    stacked = [
        [outcomes[run.trial_id].right if run.trial_id in outcomes else None for run in runs] for runs in paired.runs
    ]
    if not stacked[0] or any(one is None for runs in stacked for one in runs):
        return None
    return np.array(stacked, np.bool_)


def _describe_unequal(outcomes: Mapping[str, Outcomes], ids: Mapping[str, frozenset[str]]) -> str:
    """Name the trials that were scored on other examples than most, and say how many differ."""
    by_hash: dict[str, list[str]] = {}
    for trial_id, one in sorted(outcomes.items()):
        by_hash.setdefault(one.examples_hash, []).append(trial_id)
    usual, *others = sorted(by_hash, key=lambda key: (-len(by_hash[key]), key))
    parts = [
        f"{', '.join(by_hash[key])} on {len(ids[key])} examples, "
        f"{len(ids[key] ^ ids[usual])} of them not shared with the {len(ids[usual])} of {', '.join(by_hash[usual])}"
        for key in others
    ]
    return f"the runs were scored on unlike test examples: {'; '.join(parts)}"


def spots_of(measurements: Measurements, measure: Measure, trials: Collection[str]) -> list[Spot]:
    """Languages in which any of the trials has a score, in order."""
    of_measure = measurements.scores.get(measure, {})
    return sorted({spot for trial_id in trials for spot in of_measure.get(trial_id, {})})
