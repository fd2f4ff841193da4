"""Health of the sweep: what became of every trial, how often training failed, what is missing, what was not as meant.

In: trials, failures, contrasts with and without failed runs. Out: sentences and tables.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from results.report.blocks import Grid, lay_out
from results.report.comparisons import names_of, setting_name, unit_name, varying_settings
from results.report.evidence import Evidence
from results.report.figures.words import between, counted, listed, percent, signed
from results.schema import PENDING

_STATUSES = ("ok", "degenerate", "diverged", "stopped_early", "oom", "infra", PENDING)
_MOST_REASONS = 50
_COMPARED = ["contrast", "cell_id", "language", "metric", "selection", "condition", "role", "family"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How well the sweep went."""

    counts: tuple[tuple[str, int], ...]
    """Status and number of trials."""
    num_trials: int
    sentences: tuple[str, ...]
    failures: Grid | None
    failure_tests: Grid | None
    reasons: Grid | None
    missing: Grid | None
    checks: Grid | None
    sizes: Grid | None
    with_failed: Grid | None


def examine_health(evidence: Evidence) -> Health:
    """Say what became of the trials, and what of that touches the findings."""
    trials = evidence.trials
    counts = Counter(trials["status"])
    known = [*_STATUSES, *sorted(set(counts) - set(_STATUSES))]
    return Health(
        counts=tuple((status, counts[status]) for status in known if counts[status]),
        num_trials=len(trials),
        sentences=tuple(_sentences(evidence, counts)),
        failures=_failures(evidence.failures),
        failure_tests=_failure_tests(evidence.failure_tests),
        reasons=_reasons(trials),
        missing=_missing(trials),
        checks=_checks(trials),
        sizes=_sizes(evidence.failures),
        with_failed=_with_failed(evidence),
    )


def _sentences(evidence: Evidence, counts: Counter[str]) -> Iterator[str]:
    num_trials = counts.total()
    if num_trials == 0:
        yield "Nothing is planned yet."
        return
    if counts[PENDING]:
        yield (
            f"The sweep is not finished: {counted(counts[PENDING], 'trial')} of {num_trials} still to run. All numbers "
            "here are of what has finished so far, and deciding to stop because of them would spoil them."
        )
    failed = counts["degenerate"] + counts["diverged"]
    ended = failed + counts["ok"]
    if failed:
        yield (
            f"Training failed in {failed} of {counted(ended, 'trial')} ({counts['degenerate']} degenerate, "
            f"{counts['diverged']} diverged). A failure is a result: it is counted beside every delta, and never run "
            "again with another seed."
        )
    elif ended:
        yield f"Training failed in none of {counted(ended, 'trial')}."
    lost = counts["oom"] + counts["infra"]
    if lost:
        yield f"{counted(lost, 'trial')} ended for reasons that say nothing of training (memory, machines)."
    if counts["stopped_early"]:
        yield f"{counted(counts['stopped_early'], 'trial')} stopped early; they count in no delta."
    checked = evidence.trials[evidence.trials["failed_checks"].notna()]
    if len(checked):
        num_bad = int(checked["failed_checks"].str.len().gt(0).sum())
        yield (
            f"Manipulation checks of the intermediate arms: all passed in {len(checked) - num_bad} of "
            f"{counted(len(checked), 'trial')}."
        )


def _failures(failures: pd.DataFrame) -> Grid | None:
    """Cells in which training failed, or all where they are few."""
    if failures.empty:
        return None
    rows = failures if len(failures) <= 12 else failures[failures["share_failed"].gt(0)]
    if rows.empty:
        return None
    frame = pd.DataFrame(
        {
            "cell": rows["cell"],
            "finished": rows["num_finished"],
            "degenerate": rows["num_degenerate"],
            "diverged": rows["num_diverged"],
            "failed": [percent(share) for share in rows["share_failed"]],
            "95 % interval (exact)": [
                f"{percent(low)} to {percent(high)}"
                for low, high in zip(rows["share_low"], rows["share_high"], strict=True)
            ],
        }
    )
    caption = "Failed runs by cell" if len(rows) == len(failures) else "Cells in which training failed"
    return lay_out(frame, f"{caption} (of those that are ok, degenerate or diverged; Clopper-Pearson)")


def _failure_tests(tests: pd.DataFrame) -> Grid | None:
    """Whether cells fail more often than their baselines, or more with the magnitude."""
    if tests.empty:
        return None
    frame = tests[["kind", "series", "num_failed", "num_ended", "base_failed", "base_ended", "p", "p_method"]].rename(
        columns={
            "series": "cell or series",
            "num_failed": "failed",
            "num_ended": "of",
            "base_failed": "baseline failed",
            "base_ended": "of (baseline)",
            "p_method": "test",
        }
    )
    return lay_out(
        frame[["cell or series", *frame.columns.drop("cell or series")]], "Tests of failed runs, uncorrected"
    )


def _reasons(trials: pd.DataFrame) -> Grid | None:
    rows = trials[trials["reason"].notna() & trials["status"].ne("ok")].head(_MOST_REASONS)
    frame = rows[["trial_id", "cell", "seed", "status", "reason"]].rename(columns={"trial_id": "trial"})
    return None if rows.empty else lay_out(frame, "Why trials are not ok")


def _missing(trials: pd.DataFrame) -> Grid | None:
    """Cells of which some seeds are still to come."""
    pending = trials[trials["status"].eq(PENDING)]
    if pending.empty:
        return None
    groups = pending.groupby("cell", sort=False)["seed"].agg(["count", list])
    planned = trials.groupby("cell")["seed"].count()
    frame = pd.DataFrame(
        {
            "cell": groups.index,
            "missing": groups["count"].to_numpy(),
            "planned": [planned[cell] for cell in groups.index],
            "seeds": [listed(map(str, sorted(seeds)), 10) for seeds in groups["list"]],
        }
    )
    return lay_out(frame, "Cells with trials still to run")


def _checks(trials: pd.DataFrame) -> Grid | None:
    rows = trials[trials["failed_checks"].str.len().gt(0)]
    frame = rows[["cell", "seed", "failed_checks", "waived"]]
    frame = frame.rename(columns={"failed_checks": "failed checks", "waived": "accepted beforehand"})
    return None if rows.empty else lay_out(frame, "Manipulation checks that failed")


def _sizes(failures: pd.DataFrame) -> Grid | None:
    """How large the perturbation really was, where it was measured."""
    rows = failures[failures["size_mean"].notna()]
    if rows.empty:
        return None
    frame = rows[["cell", "magnitude", "size_mean", "size_kind", "loss_gap"]].rename(
        columns={"magnitude": "nominal magnitude", "size_mean": "size", "size_kind": "share of", "loss_gap": "loss gap"}
    )
    caption = "The perturbation as it really was, mean over steps and trials; loss gap: disturbed minus clean loss"
    return lay_out(frame, caption)


def _with_failed(evidence: Evidence) -> Grid | None:
    """Comparisons with and without failed runs, where there are any: means over languages, declared ones first."""
    rows = evidence.contrasts[evidence.contrasts["condition_language"].isna()]
    counted_all = rows[rows["runs"].eq("all") & rows["unit"].eq("macro")]
    both = rows[rows["runs"].eq("ok")].merge(counted_all, on=_COMPARED, suffixes=("", "_all"))
    if both.empty:
        return None
    names, varying = names_of(evidence.languages), varying_settings(rows)
    records = both.to_dict("records")
    frame = pd.DataFrame(
        {
            "comparison": both["contrast"],
            "over": [unit_name(row, names) for row in records],
            "setting": [setting_name(row, varying) for row in records],
            "without: delta": [signed(row["delta"]) for row in records],
            "without: 95 % interval": [between(row["ci_low"], row["ci_high"]) for row in records],
            "k": both["k"],
            "with: delta": [signed(row["delta_all"]) for row in records],
            "with: 95 % interval": [between(row["ci_low_all"], row["ci_high_all"]) for row in records],
            "k, with": both["k_all"],
            "role": both["role"],
        }
    )
    how = listed(sorted(set(both["failed_runs_all"])))
    return lay_out(frame, f"With and without failed runs (with: {how})")
