"""The paragraph on methods for a paper: what was really done in this sweep, with its numbers.

In: the tables of evidence. Out: sentences; what the tables do not say was done is not said.
"""

from collections.abc import Iterable, Iterator

import pandas as pd

from results.report.comparisons import main_rows
from results.report.evidence import Evidence
from results.report.figures.view import is_declared
from results.report.figures.words import counted, families_note, listed
from results.report.wording import spread
from results.schema import MACRO


def describe_methods(evidence: Evidence) -> str:
    """Write the paragraph; one sentence where there is nothing to describe yet."""
    rows = main_rows(evidence.contrasts)
    if rows.empty:
        return "No differences have been computed yet, so that there are no methods to report."
    sentences = [
        *_differences(rows, evidence),
        *_intervals(rows),
        *_families(rows, evidence),
        *_further(rows, evidence),
        *_failures(rows, evidence),
        *_software(evidence),
    ]
    return " ".join(sentences)


def _differences(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    metrics, selections = _values(rows["metric"]), _values(rows["selection"])
    sources = _values(evidence.trials["source_language"])
    sizes = rows.loc[rows["unit"].eq("language"), "num_examples"]
    yield (
        f"Scores are {listed(metrics)} on a scale of 0 to 100, of the checkpoint{'s' if len(selections) > 1 else ''} "
        f"“{listed(selections)}”."
    )
    if len(sizes):
        yield f"Test sets have {spread([*sizes.astype(int)])} examples a language."
    what = "Differences are between a cell and its baseline"
    if is_declared(rows).any():
        what += ", or as declared between cells or between such differences"
    yield (f"{what}, trained by the same code, and paired by seed (k = {spread([*rows['k'].astype(int)])} pairs).")
    if rows["language"].eq(MACRO).any():
        yield f"Means over languages are unweighted and leave out the source language ({listed(sources)})."
    shared = rows[rows["num_intermediate_runs"].lt(rows["k"])]
    if len(shared):
        yield (
            "Where several seeds share a run of the intermediate stage, that run is the unit of replication "
            f"(there are {spread([*shared['num_intermediate_runs'].astype(int)])} of them)."
        )


def _intervals(rows: pd.DataFrame) -> Iterator[str]:
    if methods := _values(rows["ci_method"]):
        yield f"Intervals are at 95 %: {listed(methods)}."
    if tests := _values(rows["p_method"]):
        yield f"p-values: {listed(tests)}."
    smallest = rows["p_sign_flip_min"].dropna()
    if len(smallest):
        yield (
            f"An exact sign-flip test over seeds stands beside them; with these seeds it can reach p = "
            f"{smallest.min():.2g} at the least."
        )


def _families(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    analysis = evidence.analysis
    if is_declared(rows).any():
        late = analysis.num_finished_when_declared
        when = "" if late is None else " before any trial had finished" if late == 0 else f" after {late} had finished"
        yield f"{counted(len(analysis.contrasts), 'contrast')} declared{when}; all other comparisons are exploratory."
    else:
        yield "No contrast was declared beforehand; all comparisons are exploratory."
    yield families_note(rows)
    if methods := _values(rows["ci_adjusted_method"]):
        yield f"Corrected intervals: {listed(methods)}."
        yield f"A difference is called better or worse at α = {analysis.alpha:g} from these alone."


def _further(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    margins = rows.loc[rows["p_equivalence"].notna(), "equivalence_margin"].dropna()
    if len(margins):
        sizes = listed(f"{one:g}" for one in margins.unique())
        corrected = rows["p_equivalence_adjusted"].notna().any()
        within = ", corrected within the same families by the same method" if corrected else ""
        yield f"Equivalence was tested by two one-sided tests with a margin of ±{sizes} points{within}."
    if rows["mde"].notna().any():
        yield "The smallest detectable effect is given beside each difference, at 80 % power and the row's own level."
    effects = evidence.effects
    slopes = effects[effects["left_out"].isna() & effects["estimate"].notna() & effects["kind"].eq("slope")]
    slopes = slopes[slopes["cell_id"].isna() & slopes["outcome"].eq("delta")]
    if models := _values(slopes["model"]):
        alike = f" ({counted(len(models) - 1, 'other model')} alike)" if len(models) > 1 else ""
        notes = _values(slopes.loc[slopes["model"].eq(models[0]), "method_note"])
        yield f"Slopes over languages: {models[0]}{alike}; {'; '.join(notes)}."
    if notes := _values(evidence.best_magnitudes["method_note"]):
        yield f"Best magnitudes: {'; '.join(notes)}."
    for frame, what in ((evidence.curves, "Curves"), (evidence.surfaces, "Surfaces")):
        if notes := _values(frame.loc[~frame["is_measured"].astype(bool), "ci_method"]):
            yield f"{what} between the measured points: {'; '.join(notes)}."


def _failures(rows: pd.DataFrame, evidence: Evidence) -> Iterator[str]:
    lost = int(rows["k_failed"].max())
    if not lost:
        yield "No pair of runs was lost."
        return
    reasons = [reason for reason in _values(rows["failed_runs"]) if reason != "none"]
    was = "was" if lost == 1 else "were"
    yield f"Up to {counted(lost, 'pair')} of runs a comparison {was} lost to runs that did not end well"
    yield f"({listed(reasons, 3)})."
    with_failed = evidence.contrasts[evidence.contrasts["runs"].eq("all")]
    if len(with_failed):
        yield f"Results with failed runs stand beside those without ({listed(_values(with_failed['failed_runs']), 3)})."
    if len(evidence.failures):
        yield "Shares of failed runs have exact (Clopper-Pearson) intervals."


def _software(evidence: Evidence) -> Iterator[str]:
    versions = evidence.sweep.get("versions") or {}
    if versions:
        yield f"Software: {', '.join(f'{name} {version}' for name, version in versions.items())}."


def _values(column: Iterable[object]) -> list[str]:
    """Distinct values that are there, in their order."""
    return [str(value) for value in pd.Series(column, dtype="object").dropna().unique()]
