"""From drafts and numbers to rows of the contrasts table. In: arrays. Out: `schema.CONTRASTS`, a dictionary a row."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import isfinite, sqrt
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.analysis import Analysis
from results.statistics.corrections import Corrected
from results.statistics.estimates import CI_METHOD, CI_METHOD_SEEDS, P_METHOD
from results.statistics.estimation import Numbers
from results.statistics.families import FamilyKey, name_family
from results.statistics.significance import interquartile_mean, mcnemar, probability_of_improvement, sign_flip
from results.statistics.units import ALL_RUNS, Draft
from results.statistics.verdicts import Found, judge

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Facts:
    """What is known of trials and languages."""

    languages: Mapping[str, Mapping[str, Any]]
    """Rows of `schema.LANGUAGES` by code."""
    bits: Mapping[str, float]
    """Difficulty as it really was, by trial."""
    versions: Mapping[str, str]
    """JSON, by trial."""


def read_facts(languages: pa.Table, trials: pa.Table) -> Facts:
    """Look up what rows say of languages and trials."""
    ids = trials["trial_id"].to_pylist()
    bits = {one: value for one, value in zip(ids, trials["bits"].to_pylist(), strict=True) if value is not None}
    versions = {one: text for one, text in zip(ids, trials["versions"].to_pylist(), strict=True) if text}
    return Facts({row["language"]: row for row in languages.to_pylist()}, bits, versions)


def make_rows(
    drafts: Sequence[Draft],
    numbers: Numbers,
    corrected: Corrected,
    keys: Sequence[FamilyKey],
    facts: Facts,
    analysis: Analysis,
) -> Iterator[dict[str, Any]]:
    """Make the rows; every argument that is a sequence or holds arrays has one entry a row."""
    plain, wide = numbers.points.interval(CONFIDENCE), numbers.points.interval(corrected.level)
    logits, errors = numbers.logits.interval(CONFIDENCE), numbers.errors.interval(CONFIDENCE)
    columns: dict[str, npt.NDArray[Any]] = {
        "delta": numbers.delta,
        "se": numbers.se,
        "df": numbers.df,
        "ci_low": plain.low,
        "ci_high": plain.high,
        "p": numbers.p,
        "family_size": corrected.size,
        "p_adjusted": corrected.p,
        "ci_adjusted_low": wide.low,
        "ci_adjusted_high": wide.high,
        "ci_adjusted_method": corrected.ci_method,
        "p_no_loss": numbers.p_no_loss,
        "p_no_loss_adjusted": corrected.p_no_loss,
        "p_equivalence": numbers.p_equivalence,
        "p_equivalence_adjusted": corrected.p_equivalence,
        "mde": numbers.detectable(corrected.level),
        "delta_logit": numbers.delta_logit,
        "delta_logit_low": logits.low,
        "delta_logit_high": logits.high,
        "error_reduction_low": errors.low,
        "error_reduction_high": errors.high,
    }
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    p_mcnemar = _test_changes(drafts)
    join_versions = cache(_join_versions)
    for row, (draft, key, of_row) in enumerate(zip(drafts, keys, values, strict=True)):
        own = dict(zip(columns, of_row, strict=True))
        has_interval = isfinite(own["ci_low"])
        texts = {facts.versions[trial_id] for trial_id in draft.paired.trial_ids if trial_id in facts.versions}
        yield {
            **_describe(draft, facts),
            "code_versions": join_versions(frozenset(texts)),
            **_summarise(draft),
            "p_mcnemar": p_mcnemar.get(row),
            **own,
            "ci_method": _ci_method(draft) if has_interval else None,
            "p_method": P_METHOD if has_interval else None,
            "family": name_family(key),
            "role": key.role,
            "adjustment": key.adjustment,
            "ci_adjusted_method": own["ci_adjusted_method"] if has_interval else None,
            "equivalence_margin": analysis.margin,
            "verdict": _judge(draft, own, analysis.alpha),
        }


def _judge(draft: Draft, row: Mapping[str, Any], alpha: float) -> str:
    """What the row may be called, and what that is restricted to."""
    return judge(
        Found(
            p_adjusted=row["p_adjusted"],
            ci_adjusted_low=row["ci_adjusted_low"],
            ci_adjusted_high=row["ci_adjusted_high"],
            p_no_loss=row["p_no_loss_adjusted"],
            p_equivalence=row["p_equivalence_adjusted"],
        ),
        alpha=alpha,
        k=len(draft.paired.seeds),
        num_intermediate_runs=draft.paired.num_intermediate_runs,
        has_examples=draft.why_not is None,
    )


def _describe(draft: Draft, facts: Facts) -> dict[str, Any]:
    """What a row is about."""
    comparison, paired = draft.comparison, draft.paired
    own = facts.languages.get(draft.name, {})
    cells = paired.runs[: comparison.num_positive]
    bits = [facts.bits[run.trial_id] for runs in cells for run in runs if run.trial_id in facts.bits]
    return {
        "contrast": comparison.name,
        "cell_id": comparison.cell_id,
        "baseline_cell_id": comparison.baseline_cell_id,
        "terms": comparison.terms_json,
        **comparison.labels,
        "bits": float(np.mean(bits)) if bits else None,
        "unit": draft.kind,
        "language": draft.name,
        "num_languages": len(draft.languages),
        **{name: own.get(name) for name in ("corpus_size", "corpus_unit", "resource_band")},
        **draft.measure._asdict(),
        "condition_language": draft.condition_language,
        "runs": draft.runs,
        "failed_runs": _failed_runs(draft),
        "num_examples": draft.num_examples,
        "k": len(paired.seeds),
        "k_failed": paired.num_lost,
        "num_intermediate_runs": paired.num_intermediate_runs,
        "seeds": list(paired.seeds),
        "examples_hash": draft.examples_hash,
    }


def _summarise(draft: Draft) -> dict[str, Any]:
    """Descriptive numbers, over seeds; of a difference of differences only those of the difference."""
    comparison, values = draft.comparison, draft.values
    row: dict[str, Any] = {}
    if not len(draft.deltas):
        return row
    weights = np.array(comparison.weights)
    deltas = weights @ values
    flips = sign_flip(draft.deltas)
    row |= {
        "delta_sd": _sd(deltas),
        "delta_median": median(deltas.tolist()),
        "delta_iqm": interquartile_mean(deltas),
        "delta_min": float(deltas.min()),
        "p_sign_flip": flips.p,
        "p_sign_flip_min": flips.smallest,
    }
    if comparison.has_two_sides:
        first = comparison.num_positive
        cell, base = weights[:first] @ values[:first], -weights[first:] @ values[first:]
        cell_mean, base_mean = _mean(cell, draft.paired.replicates), _mean(base, draft.paired.replicates)
        errors = 100.0 - base_mean
        row |= {
            "cell_mean": cell_mean,
            "cell_sd": _sd(cell),
            "base_mean": base_mean,
            "base_sd": _sd(base),
            "prob_improvement": probability_of_improvement(cell, base),
            "error_reduction": (cell_mean - base_mean) / errors if errors > 0 else None,
        }
    if draft.changes is not None:
        lost, won = draft.changes.lost, draft.changes.won
        row |= {"n01": lost.tolist(), "n10": won.tolist()}
    return row


def _test_changes(drafts: Sequence[Draft]) -> dict[int, list[float]]:
    """McNemar's test of all rows that count changes, at once: p by row, one a seed."""
    counted = {
        row: draft.changes for row, draft in enumerate(drafts) if draft.changes is not None and len(draft.deltas)
    }
    if not counted:
        return {}
    lost, won = (np.concatenate([getattr(one, side) for one in counted.values()]) for side in ("lost", "won"))
    ends = np.cumsum([len(one.lost) for one in counted.values()])[:-1]
    return {row: p.tolist() for row, p in zip(counted, np.split(mcnemar(lost, won), ends), strict=True)}


def _mean(values: npt.NDArray[np.float64], replicates: npt.NDArray[np.int64]) -> float:
    """Over replicates, each the mean of its seeds: as `delta` is."""
    sizes = np.bincount(replicates)
    return float(np.mean(np.bincount(replicates, values) / sizes))


def _sd(values: npt.NDArray[np.float64]) -> float | None:
    """Of a handful of seeds, which Python adds up sooner than numpy begins to."""
    if len(values) < 2:
        return None
    given: list[float] = values.tolist()
    mean = sum(given) / len(given)
    return sqrt(sum((value - mean) ** 2 for value in given) / (len(given) - 1))


def _ci_method(draft: Draft) -> str:
    """How the interval was made, with what is special about this row."""
    method = CI_METHOD if draft.why_not is None else f"{CI_METHOD_SEEDS.partition(':')[0]}: {draft.why_not}"
    num_runs, k = draft.paired.num_intermediate_runs, len(draft.paired.seeds)
    if num_runs == 1:
        return f"{method}; all seeds share one intermediate run, and nothing is said of others"
    if num_runs is not None and num_runs < k:
        return f"{method}; one value an intermediate run ({num_runs} of {k} seeds)"
    return method


def _failed_runs(draft: Draft) -> str:
    """How runs that failed count in this row, and what else is left out of it."""
    counts = _listed(draft.paired.lost)
    if draft.runs == ALL_RUNS:
        parts = ["degenerate runs count at their scores, diverged ones at chance"]
        parts += [f"left out: {counts}"] if counts else []
    else:
        included = Counter(run.status for run in {run for run in chain(*draft.paired.runs) if run.status != "ok"})
        parts = [f"counted as if ok: {_listed(included)}"] if included else []
        parts += [f"pairs left out: {counts}"] if counts else []
        parts = parts or ["none"]
    if draft.num_unscored and not draft.reason:
        of_diverged = " and no chance level to count as" if draft.runs == ALL_RUNS else ""
        parts.append(f"{draft.num_unscored} seeds left out: a run has no score{of_diverged}")
    return "; ".join([*parts, *([draft.reason] if draft.reason else [])])


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))


def _join_versions(texts: frozenset[str]) -> str:
    """JSON: of each library its version, or all of them where the runs have several."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for library, version in json.loads(text).items():
            found.setdefault(library, set()).add(str(version))
    joined = {library: sorted(seen) if len(seen) > 1 else min(seen) for library, seen in sorted(found.items())}
    return json.dumps(joined)
