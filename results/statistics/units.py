"""From languages to what is tested: one language, a group of them, or their mean. In: `Measured`. Out: `Draft`."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from results.analysis import Unit
from results.schema import ALL_PAIRS, MACRO, OFF_DIAGONAL
from results.statistics.comparisons import Comparison
from results.statistics.differences import PairedDifference, Scored, average, contrast
from results.statistics.groups import LanguageUnit
from results.statistics.measured import Measure, Measured, Spot, Unequal
from results.statistics.pairing import PairedRuns
from results.statistics.scales import error_reduction, logit_contrast

OK_RUNS, ALL_RUNS = "ok", "all"

Float = TypeVar("Float", np.float32, np.float64)


@dataclass(frozen=True)
class Changes:
    """How many examples one cell has right and the other wrong, seed by seed; each of shape (k,)."""

    lost: npt.NDArray[np.int64]
    """Wrong in the first, right in the second."""
    won: npt.NDArray[np.int64]
    """Right in the first, wrong in the second."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A row of the contrasts table before anything is estimated. C cells, k seeds."""

    comparison: Comparison
    measure: Measure
    kind: Unit
    name: str
    """Code of a language, `macro`, or a group's name."""
    condition_language: str | None = None
    """Of a mean over pairs of languages: which pairs."""
    languages: tuple[str, ...]
    paired: PairedRuns
    values: npt.NDArray[np.float64]
    """Shape (C, k)."""
    difference: PairedDifference | None
    """In points; none where nothing can be compared."""
    logit_difference: PairedDifference | None
    error_reduction: PairedDifference | None = None
    """Share of errors gone; none of a difference of differences either."""
    changes: Changes | None
    """Of one cell against another in one language, where each example is right or wrong."""
    num_examples: int
    examples_hash: str | None
    why_not: str | None
    """Why the examples are not resampled."""
    reason: str | None
    """Why nothing is compared, or which languages are left out."""
    deltas: npt.NDArray[np.float64]
    """In points, one an independent replicate; none where nothing can be compared."""
    num_unscored: int = 0
    """Seeds that are missing because a run that counts has no score here."""
    runs: str = OK_RUNS
    """Which runs count: `OK_RUNS` or `ALL_RUNS`."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Tells rows apart that are of the same runs."""
        comparison = self.comparison
        return (comparison.kind, comparison.name, comparison.cell_id, self.measure, self.name, self.condition_language)

    def lighten(self) -> "Draft":
        """Without what each example adds, once that is estimated."""
        return replace(self, difference=None, logit_difference=None, error_reduction=None)


def draft_units(
    comparison: Comparison,
    measure: Measure,
    paired: PairedRuns,
    found: Mapping[Spot, Measured | Unequal],
    units: Sequence[LanguageUnit],
) -> Iterator[Draft]:
    """Draft the rows of one comparison and measure.

    A mean is over the languages that every pair of runs has scored, so that it is of the same languages in all seeds;
    those whose test sets differ between runs are left out, and named.

    Args:
        comparison: what is compared.
        measure: what was measured.
        paired: all pairs of runs; a language may have been scored in fewer.
        found: by language or pair of languages.
        units: what is to be drafted of single languages.
    """
    task = str(comparison.labels["target_task"])
    cells = {spot: _score_cells(one, task) for spot, one in found.items() if isinstance(one, Measured)}
    for unit in units:
        spots = [Spot(code, "") for code in unit.languages]
        yield _draft(comparison, measure, paired, found, cells, unit, spots)
    pairs = [spot for spot in found if spot.condition_language]
    unlike = [spot for spot in pairs if spot.language != spot.condition_language]
    for label, chosen in ((ALL_PAIRS, pairs), (OFF_DIAGONAL, unlike)):
        if chosen:
            unit = LanguageUnit(kind="macro", name=MACRO, languages=tuple(sorted({spot.language for spot in chosen})))
            draft = _draft(comparison, measure, paired, found, cells, unit, chosen)
            yield replace(draft, condition_language=label)


def _draft(
    comparison: Comparison,
    measure: Measure,
    paired: PairedRuns,
    found: Mapping[Spot, Measured | Unequal],
    cells: Mapping[Spot, Sequence[Scored]],
    unit: LanguageUnit,
    spots: Sequence[Spot],
) -> Draft:
    measured = {spot: one for spot in spots if isinstance(one := found.get(spot), Measured)}
    if len(spots) > 1:
        measured = {spot: one for spot, one in measured.items() if one.paired.seeds == paired.seeds}
    parts = list(measured.values())
    paired = parts[0].paired if parts else paired.keep(np.zeros(len(paired.seeds), np.bool_))
    why_not = next((one.why_not for one in parts if one.why_not), None)
    difference, logits, errors = _differences(comparison, [cells[spot] for spot in measured], paired, why_not)
    return Draft(
        comparison=comparison,
        measure=measure,
        kind=unit.kind,
        name=unit.name,
        languages=tuple(dict.fromkeys(spot.language for spot in measured)) if parts else unit.languages,
        paired=paired,
        values=np.mean([one.values for one in parts], axis=0) if parts else np.empty((len(comparison.terms), 0)),
        difference=difference,
        logit_difference=logits,
        error_reduction=errors,
        changes=_count_changes(parts[0].right) if unit.kind == "language" and comparison.is_pair and parts else None,
        num_examples=sum(one.num_examples for one in parts),
        examples_hash=_join_hashes(parts),
        why_not=why_not,
        reason=_reason(found, measured, spots),
        deltas=np.empty(0) if difference is None else difference.deltas,
    )


def _differences(
    comparison: Comparison, parts: Sequence[Sequence[Scored]], paired: PairedRuns, why_not: str | None
) -> tuple[PairedDifference | None, PairedDifference | None, PairedDifference | None]:
    """In points, in log odds, as a share of errors, over what every language has; none without a pair."""
    if not parts or not paired.seeds:
        return None, None, None
    cells = [average(list(of_cell)) if len(parts) > 1 else of_cell[0] for of_cell in zip(*parts, strict=True)]
    if why_not is not None:
        cells = [Scored(cell.scores, {}) for cell in cells]
    blocks, weights, first = _block_seeds(paired), comparison.weights, comparison.num_positive
    errors = None
    if comparison.has_two_sides:
        base = average(cells[first:], [-weight for weight in weights[first:]])
        errors = error_reduction(average(cells[:first], weights[:first]), base, blocks)
    return contrast(cells, weights, blocks), logit_contrast(cells, weights, blocks), errors


def _count_changes(right: npt.NDArray[np.bool_] | None) -> Changes | None:
    if right is None:
        return None
    cell, base = right
    return Changes((~cell & base).sum(axis=1), (cell & ~base).sum(axis=1))


def _score_cells(measured: Measured, task: str) -> tuple[Scored, ...]:
    """What each cell scored, a row an independent replicate: seeds that share an intermediate run are averaged."""
    blocks = measured.paired.replicates
    key = f"{task}:{measured.examples_hash}"
    scored = []
    for cell, values in enumerate(measured.values):
        contributions = {}
        if measured.contributions is not None:
            contributions = {key: _mean_rows(measured.contributions[cell], blocks)}
        scored.append(Scored(_mean_rows(values, blocks), contributions))
    return tuple(scored)


def _mean_rows(rows: npt.NDArray[Float], blocks: npt.NDArray[np.int64]) -> npt.NDArray[Float]:
    """Mean of the rows of each block."""
    num_blocks = len(set(blocks.tolist()))
    if num_blocks == len(rows):
        return rows
    return np.stack([rows[blocks == block].mean(axis=0) for block in range(num_blocks)])


def _block_seeds(paired: PairedRuns) -> tuple[int, ...]:
    """The first seed of each block, as its name."""
    _, first = np.unique(paired.replicates, return_index=True)
    return tuple(paired.seeds[place] for place in first.tolist())


def _join_hashes(parts: Sequence[Measured]) -> str | None:
    """One digest of the examples of all parts; that of the parts where they share their examples."""
    hashes = [one.examples_hash for one in parts]
    if not hashes or None in hashes:
        return None
    distinct = sorted({str(one) for one in hashes})
    return distinct[0] if len(distinct) == 1 else hashlib.sha256(" ".join(map(str, hashes)).encode()).hexdigest()[:16]


def _reason(
    found: Mapping[Spot, Measured | Unequal], measured: Mapping[Spot, Measured], spots: Sequence[Spot]
) -> str | None:
    """Why a unit, or a part of it, is not compared."""
    unequal = {spot: one for spot in spots if isinstance(one := found.get(spot), Unequal)}
    unscored = [spot for spot in spots if spot not in measured and spot not in unequal]
    if len(spots) == 1:
        return next((one.reason for one in unequal.values()), None)
    parts = []
    if unequal:
        parts.append(f"left out, as their runs were scored on unlike test examples: {_names(list(unequal))}")
    if unscored:
        parts.append(f"left out, as not every pair of runs has a score: {_names(unscored)}")
    return "; ".join(parts) or None


def _names(spots: Sequence[Spot]) -> str:
    return ", ".join("-".join(filter(None, spot)) for spot in spots)
