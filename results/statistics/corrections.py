"""Corrections for how many hypotheses are tested together, family by family. In: p values. Out: corrected ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from results.statistics.adjustment import Adjusted, adjust
from results.statistics.families import FamilyKey
from results.statistics.units import ALL_RUNS, OK_RUNS, Draft


@dataclass(frozen=True, kw_only=True)
class PValues:
    """The p values of m rows; NaN is not tested and not counted."""

    p: npt.NDArray[np.float64]
    """Of no difference, shape (m,)."""
    p_no_loss: npt.NDArray[np.float64]
    """Of a loss of the margin or more, shape (m,)."""
    p_equivalence: npt.NDArray[np.float64]
    """Of a difference of the margin or more, shape (m,)."""

    def take(self, rows: Sequence[int]) -> "PValues":
        """Choose rows."""
        return PValues(p=self.p[rows], p_no_loss=self.p_no_loss[rows], p_equivalence=self.p_equivalence[rows])


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """Rows after correction; each of the three tests is corrected for how often it is made in a family. m rows."""

    p: npt.NDArray[np.float64]
    """Adjusted, shape (m,)."""
    p_no_loss: npt.NDArray[np.float64]
    p_equivalence: npt.NDArray[np.float64]
    level: npt.NDArray[np.float64]
    """Of the corrected intervals, shape (m,)."""
    size: npt.NDArray[np.int32]
    """Rows with a p in the row's family, or as many as were declared, shape (m,)."""
    ci_method: npt.NDArray[np.object_]
    """Of the corrected intervals, shape (m,)."""

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Corrected":
        """Choose rows."""
        chosen = np.asarray(rows, np.int64)
        return Corrected(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def correct(keys: Sequence[FamilyKey], tested: PValues, alpha: float) -> Corrected:
    """Correct p values, family by family.

    Args:
        keys: the family of each row.
        tested: its p values.
        alpha: of the analysis.
    """
    num_rows = len(keys)
    corrected = Corrected(
        p=np.full(num_rows, np.nan),
        p_no_loss=np.full(num_rows, np.nan),
        p_equivalence=np.full(num_rows, np.nan),
        level=np.full(num_rows, np.nan),
        size=np.zeros(num_rows, np.int32),
        ci_method=np.full(num_rows, "", np.object_),
    )
    for key, rows in _rows_by_key(keys).items():
        found = _adjust(tested.p[rows], key, alpha)
        corrected.p[rows], corrected.level[rows] = found.p, found.level
        corrected.size[rows], corrected.ci_method[rows] = found.size, found.ci_method
        corrected.p_no_loss[rows] = _adjust(tested.p_no_loss[rows], key, alpha).p
        corrected.p_equivalence[rows] = _adjust(tested.p_equivalence[rows], key, alpha).p
    return corrected


def _adjust(p: npt.NDArray[np.float64], key: FamilyKey, alpha: float) -> Adjusted:
    """Correct for what was declared, too, and cannot be tested yet: as if nothing were to be found there."""
    num_missing = max(key.num_declared - int(np.count_nonzero(~np.isnan(p))), 0)
    found = adjust(np.concatenate([p, np.ones(num_missing)]), key.adjustment, alpha)
    return replace(found, p=found.p[: len(p)])


def correct_by_runs(drafts: Sequence[Draft], keys: Sequence[FamilyKey], tested: PValues, alpha: float) -> Corrected:
    """Correct all rows; those in which failed runs count are tested in families of their own.

    Such a row is tested with the other rows of its family as they are with all runs, which is as they are without
    failed runs where none failed.
    """
    parts, places = [], []
    for label in (OK_RUNS, ALL_RUNS):
        newest = {draft.identity: row for row, draft in enumerate(drafts) if draft.runs in (OK_RUNS, label)}
        rows = sorted(newest.values())
        found = correct([keys[row] for row in rows], tested.take(rows), alpha)
        own = [place for place, row in enumerate(rows) if drafts[row].runs == label]
        parts.append(found.take(own))
        places += [rows[place] for place in own]
    whole = Corrected(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Corrected)}
    )
    return whole.take(np.argsort(places))


def _rows_by_key(keys: Sequence[FamilyKey]) -> Mapping[FamilyKey, list[int]]:
    rows: dict[FamilyKey, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return rows
