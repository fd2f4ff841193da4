"""The languages that fare best and worst so far, cheaply, while a sweep runs.

In: the storage of a sweep. Out: two languages, each with its mean over cells of the deltas that were written last; of
its scores, where no cell can be compared with its baseline yet.
"""

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from results.errors import ResultsError
from results.schema import CLEAN, MACRO
from results.snapshot import Snapshot
from results.storage import Storage

_MAX_SCORE_FILES = 200
"""More are not read: deltas are there by then, unless nothing has a baseline."""


@dataclass(frozen=True, kw_only=True)
class LanguageMean:
    """A language and its mean, in points."""

    language: str
    mean: float


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """Both ends; the source language counts like the others."""

    best: LanguageMean
    worst: LanguageMean
    metric: str
    """The primary one of the sweep's first task."""
    is_delta: bool
    """Against the baseline, mean over cells; else plain scores, mean over trials."""


def find_extremes(storage: Storage) -> Extremes | None:
    """Read the deltas that were written last, else the scores; none: neither is there, or can be read."""
    try:
        files = storage.list_names("scores", ".parquet")
        first = next((table for name in files if (table := _read(storage, name)).num_rows), None)
        if first is None:
            return None
        metric = str(first["metric"][0])  # trials report their primary metric first
        return _of_deltas(storage, metric) or _of_scores(storage, len(files), metric)
    except (OSError, KeyError, pa.ArrowException, ResultsError):  # damaged or gone: the status names it
        return None


def _of_deltas(storage: Storage, metric: str) -> Extremes | None:
    try:
        deltas = _read(storage, "deltas/deltas.parquet")
    except FileNotFoundError:
        return None
    return _ends(deltas, "delta", metric, is_delta=True)


def _of_scores(storage: Storage, num_files: int, metric: str) -> Extremes | None:
    """Of trials that went to their end, none that another supersedes."""
    if num_files > _MAX_SCORE_FILES:
        return None
    results = Snapshot(storage).results
    return _ends(results.filter(pc.field("status") != "stopped_early"), "value", metric, is_delta=False)


def _ends(table: pa.Table, column: str, metric: str, *, is_delta: bool) -> Extremes | None:
    is_counted = (
        (pc.field("metric") == metric)
        & (pc.field("selection") == "last")
        & (pc.field("condition") == CLEAN)
        & (pc.field("language") != MACRO)
        & pc.field(column).is_valid()
    )
    means = (
        table.filter(is_counted)
        .group_by("language")
        .aggregate([(column, "mean")])
        .sort_by([(f"{column}_mean", "descending")])
    )
    if means.num_rows < 2:
        return None
    ends = [LanguageMean(language=row["language"], mean=row[f"{column}_mean"]) for row in means.to_pylist()]
    return Extremes(best=ends[0], worst=ends[-1], metric=metric, is_delta=is_delta)


def _read(storage: Storage, name: str) -> pa.Table:
    return pq.ParquetFile(io.BytesIO(storage.read_bytes(name))).read(use_threads=False)
