"""Scores of a pool as an artifact: `scores.parquet`, one row an example. In, out: `DifficultyScores`. Light.

Columns: example_id, label, mean, sd, r0 to r{R-1} (one a repetition), length, genre, group.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from xlt_core.artifacts import read_manifest
from xlt_core.errors import DataError

SCORES_FILE = "scores.parquet"
_HARDEST_SHARE = 1 / 3


@dataclass(frozen=True, kw_only=True)
class DifficultyScores:
    """How hard the N examples of a pool are, and what strata are made of."""

    ids: tuple[str, ...]
    labels: npt.NDArray[np.int32]
    """Shape (N,); 0 where an example has several."""
    repetitions: npt.NDArray[np.float64]
    """Rise with difficulty, shape (N, R)."""
    lengths: npt.NDArray[np.int32]
    """Shape (N,): tokens, or words where the measure needs no encoder (`length_unit` in the manifest)."""
    genres: tuple[str, ...] | None = None
    """None: the data do not say."""
    groups: npt.NDArray[np.int64]
    """Examples with one first text have one number, shape (N,)."""

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.int64]) -> "DifficultyScores":
        """Those of some examples."""
        places = rows.tolist()
        return replace(
            self,
            ids=tuple(self.ids[place] for place in places),
            labels=self.labels[rows],
            repetitions=self.repetitions[rows],
            lengths=self.lengths[rows],
            genres=None if self.genres is None else tuple(self.genres[place] for place in places),
            groups=self.groups[rows],
        )

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Over repetitions, shape (N,)."""
        means: npt.NDArray[np.float64] = self.repetitions.mean(1)
        return means

    @property
    def sd(self) -> npt.NDArray[np.float64]:
        """Over repetitions (R - 1 degrees of freedom), shape (N,); NaN where there is one only."""
        if self.repetitions.shape[1] == 1:
            return np.full(len(self), np.nan)
        deviations: npt.NDArray[np.float64] = self.repetitions.std(1, ddof=1)
        return deviations


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How alike two scorers rank one pool."""

    num_examples: int
    spearman: float
    """Of the means; NaN where one of them is the same for all."""
    hardest_overlap: float
    """Share of the hardest third by one that is in the hardest third by the other; chance: 1/3."""


def write_scores(scores: DifficultyScores, folder: Path) -> None:
    """Write the file into a folder that is being published."""
    columns = {
        "example_id": pa.array(scores.ids, pa.string()),
        "label": pa.array(scores.labels, pa.int32()),
        "mean": pa.array(scores.mean, pa.float64()),
        "sd": pa.array(scores.sd, pa.float64(), from_pandas=True),
        **{f"r{place}": pa.array(column, pa.float64()) for place, column in enumerate(scores.repetitions.T)},
        "length": pa.array(scores.lengths, pa.int32()),
        "genre": pa.array(scores.genres or [None] * len(scores), pa.string()),
        "group": pa.array(scores.groups, pa.int64()),
    }
    pq.write_table(pa.table(columns), folder / SCORES_FILE, compression="zstd")


def read_scores(folder: Path) -> DifficultyScores:
    """Read a published folder.

    Raises:
        FileNotFoundError: nothing is published there.
        StoreError: its bytes have changed.
    """
    read_manifest(folder)
    table = pq.read_table(folder / SCORES_FILE)
    num_repetitions = sum(name.startswith("r") and name[1:].isdigit() for name in table.column_names)
    columns = [table[f"r{place}"].to_numpy() for place in range(num_repetitions)]
    genres = table["genre"].to_pylist()
    return DifficultyScores(
        ids=tuple(table["example_id"].to_pylist()),
        labels=table["label"].to_numpy(),
        repetitions=np.stack(columns, 1),
        lengths=table["length"].to_numpy(),
        genres=None if None in genres else tuple(genres),
        groups=table["group"].to_numpy(),
    )


def measure_agreement(one: DifficultyScores, other: DifficultyScores) -> Agreement:
    """Compare two scorers of one pool.

    Raises:
        DataError: they did not score the same examples.
    """
    from scipy import stats  # every trial imports this module, and 0.2 s for what it does not need

    place_of = {name: place for place, name in enumerate(other.ids)}
    if place_of.keys() != set(one.ids):
        num_common = len(place_of.keys() & set(one.ids))
        raise DataError(
            f"two scorers can be compared on the same examples only; these have {len(one)} and {len(other)}, "
            f"of which {num_common} are common"
        )
    first, second = one.mean, other.mean[[place_of[name] for name in one.ids]]
    num_hardest = max(1, round(_HARDEST_SHARE * len(one)))
    hardest = [set(np.argsort(-means, kind="stable")[:num_hardest].tolist()) for means in (first, second)]
    is_constant = min(np.ptp(first), np.ptp(second)) == 0.0
    return Agreement(
        num_examples=len(one),
        spearman=float("nan") if is_constant else float(stats.spearmanr(first, second).statistic),
        hardest_overlap=len(hardest[0] & hardest[1]) / num_hardest,
    )
