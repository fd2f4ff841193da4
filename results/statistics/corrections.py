"""Corrections for how many hypotheses are tested together, family by family. In: p values. Out: corrected ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.statistics.adjustment import adjust
from results.statistics.families import FamilyKey
from results.statistics.units import ALL_RUNS, OK_RUNS, Draft


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """Rows after correction. m rows."""

    p: npt.NDArray[np.float64]
    """Adjusted, shape (m,)."""
    level: npt.NDArray[np.float64]
    """Of the corrected intervals, shape (m,)."""
    size: npt.NDArray[np.int32]
    """Rows with a p in the row's family, shape (m,)."""
    ci_method: npt.NDArray[np.object_]
    """Of the corrected intervals, shape (m,)."""

    def take(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Corrected":
        """Choose rows."""
        chosen = np.asarray(rows, np.int64)
        return Corrected(
            p=self.p[chosen], level=self.level[chosen], size=self.size[chosen], ci_method=self.ci_method[chosen]
        )


def correct(keys: Sequence[FamilyKey], p: npt.NDArray[np.float64], alpha: float) -> Corrected:
    """Correct p values, family by family.

    Args:
        keys: the family of each row.
        p: shape (m,); NaN is not tested and not counted.
        alpha: of the analysis.
    """
    adjusted, level = np.full(len(p), np.nan), np.full(len(p), np.nan)
    size, methods = np.zeros(len(p), np.int32), np.full(len(p), "", np.object_)
    for key, rows in _rows_by_key(keys).items():
        found = adjust(p[rows], key.adjustment, alpha)
        adjusted[rows], level[rows], size[rows], methods[rows] = found.p, found.level, found.size, found.ci_method
    return Corrected(p=adjusted, level=level, size=size, ci_method=methods)


def correct_by_runs(
    drafts: Sequence[Draft], keys: Sequence[FamilyKey], p: npt.NDArray[np.float64], alpha: float
) -> Corrected:
    """Correct all rows; those in which failed runs count are tested in families of their own.

    Such a row is tested with the other rows of its family as they are with all runs, which is as they are without
    failed runs where none failed.
    """
    parts, places = [], []
    for label in (OK_RUNS, ALL_RUNS):
        newest = {draft.identity: row for row, draft in enumerate(drafts) if draft.runs in (OK_RUNS, label)}
        rows = sorted(newest.values())
        found = correct([keys[row] for row in rows], p[rows], alpha)
        own = [place for place, row in enumerate(rows) if drafts[row].runs == label]
        parts.append(found.take(own))
        places += [rows[place] for place in own]
    whole = Corrected(
        p=np.concatenate([part.p for part in parts]),
        level=np.concatenate([part.level for part in parts]),
        size=np.concatenate([part.size for part in parts]),
        ci_method=np.concatenate([part.ci_method for part in parts]),
    )
    return whole.take(np.argsort(places))


def _rows_by_key(keys: Sequence[FamilyKey]) -> Mapping[FamilyKey, list[int]]:
    rows: dict[FamilyKey, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return rows
