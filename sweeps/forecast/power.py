"""How small a difference a sweep can see, before it runs: from its seeds and the sizes of its test sets.

In: test sizes by language, seeds, what is known of the noise. Out: an `Effect` a language, in points. Light.
Two sources of noise add in quadrature: which examples are in the test set, and which run of the training it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, sqrt
from statistics import fmean

from scipy.special import nctdtrinc, ndtri, stdtrit

from results.schema import CLEAN, MACRO
from results.store import ResultStore
from xlt_core.data.readers.location import is_on_hub
from xlt_core.plan import TrialPlan
from xlt_core.tasks import load_task

POWER = 0.8
ALPHA = 0.05
"""Two-sided."""
USUAL_DISAGREEING_SHARE = 0.10
USUAL_SEED_SD = 1.0
"""Points, of the runs of one cell; up to 2 for low-resource languages."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What is taken for known of the noise."""

    disagreeing_share: float = USUAL_DISAGREEING_SHARE
    """Of test items, on which one of two compared models is right and the other wrong; 0 to 1."""
    seed_sd: float = USUAL_SEED_SD
    """Standard deviation over the runs of one cell, in points, where no differences were measured."""
    delta_sds: Mapping[str, float] = field(default_factory=dict)
    """Measured standard deviation of the paired differences between two cells, in points, by language."""

    def delta_sd(self, language: str) -> float:
        """Standard deviation of the difference between two runs; seeds that do not pair well count twice."""
        return self.delta_sds.get(language, sqrt(2) * self.seed_sd)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The smallest true difference in one language that is found with the power asked for, in points."""

    language: str
    num_examples: int
    from_test_set: float
    """If seeds made no difference: between two checkpoints, not between two methods."""
    from_seeds: float
    """If the test set had no end."""
    points: float
    """Both, for noise of known size."""
    corrected: float
    """The same for one among all languages (Bonferroni)."""
    by_interval: float | None
    """With the interval that the deltas have, Student's t over seeds, whose width is estimated, too; none: one seed."""


def detectable_effects(
    sizes: Mapping[str, int], num_seeds: int, noise: Noise, *, alpha: float = ALPHA, power: float = POWER
) -> tuple[Effect, ...]:
    """Say for every language how small a difference can be seen.

    Args:
        sizes: test examples by language.
        num_seeds: of each of the two cells that are compared.
        noise: see there.
        alpha: two-sided error of the first kind, for one language.
        power: probability of finding a true difference of that size.
    """
    one, among_all = count_errors(alpha, power), count_errors(alpha / max(1, len(sizes)), power)
    by_t = count_errors(alpha, power, num_seeds) if num_seeds > 1 else None
    effects: list[Effect] = []
    for language, num_examples in sizes.items():
        of_items = item_error(num_examples, noise.disagreeing_share)
        of_seeds = noise.delta_sd(language) / sqrt(num_seeds)
        together = sqrt(of_items**2 + of_seeds**2)
        effects.append(
            Effect(
                language=language,
                num_examples=num_examples,
                from_test_set=one * of_items,
                from_seeds=one * of_seeds,
                points=one * together,
                corrected=among_all * together,
                by_interval=None if by_t is None else by_t * together,
            )
        )
    return tuple(effects)


def count_errors(alpha: float, power: float, num_seeds: int | None = None) -> float:
    """How many standard errors large a true difference must be to be found.

    Args:
        alpha: two-sided.
        power: probability of finding it; the chance of finding it with the wrong sign is left out.
        num_seeds: the standard error is estimated from so many paired differences (noncentral t); none: it is known.
    """
    if num_seeds is None:
        return float(ndtri(1 - alpha / 2) + ndtri(power))
    df = num_seeds - 1
    return float(nctdtrinc(df, 1 - power, stdtrit(df, 1 - alpha / 2)))


def item_error(num_examples: int, disagreeing_share: float) -> float:
    """Standard error of the difference of two accuracies on the same examples, in points; for small differences.

    Of n examples n01 are right in one model only and n10 in the other only: the variance of (n10 - n01) / n is at most
    the disagreeing share over n (McNemar).
    """
    return 100 * sqrt(disagreeing_share / num_examples) if num_examples else inf


def measure_delta_sds(store: ResultStore, min_num_seeds: int = 3) -> dict[str, float]:
    """Standard deviation of paired differences by language, over all cells that have been compared on enough seeds."""
    variances: dict[str, list[float]] = {}
    for row in store.deltas().select(["language", "selection", "condition", "k", "delta_sd"]).to_pylist():
        is_counted = (row["selection"], row["condition"]) == ("last", CLEAN) and row["language"] != MACRO
        if is_counted and row["k"] >= min_num_seeds:
            variances.setdefault(row["language"], []).append(row["delta_sd"] ** 2)
    return {language: sqrt(fmean(found)) for language, found in variances.items()}


def count_test_examples(plan: TrialPlan, *, is_fetched: bool = False) -> dict[str, int]:
    """Test examples of each language of a trial, without those of languages that have no data.

    Of words the sentences are counted, since the words of one are not independent.

    Args:
        plan: of the trial.
        is_fetched: the hub's data are on this machine by now; else nothing is known of them, and nothing is fetched.
    """
    task, evaluation = load_task(plan.spec.target.task), plan.spec.evaluation
    data, split = plan.spec.target.data_of(evaluation.split), evaluation.split
    if (
        is_on_hub(data) and not task.takes_dose and not is_fetched
    ):  # those whose difficulty is known are drawn, not read
        return {}
    found = [language for language in plan.languages if language in task.find_languages(data, split)]
    read = found[:1] if split in task.parallel_splits else found  # all languages have the same examples
    counts = {language: len(task.load_inputs(data, split, language)) for language in read}
    most = evaluation.max_examples or inf
    return {language: int(min(counts.get(language, counts[read[0]]), most)) for language in found}
