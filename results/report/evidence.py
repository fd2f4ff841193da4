"""All that a report shows, gathered once. In: a store. Out: `Evidence`; every figure and sentence is made from it."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from results.analysis import Analysis
from results.errors import ResultsError
from results.failures import compute_failures
from results.garbage import without_collection
from results.means import compute_means
from results.statistics.schema import BEST_MAGNITUDES, CONTRASTS, CURVES, EFFECTS, FAILURE_TESTS, SURFACES
from results.store import ResultStore


@dataclass(frozen=True)
class Problem:
    """Something that could not be read or computed; all else still can."""

    part: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The tables of one sweep as frames; one that has nothing to say has no rows."""

    uri: str
    sweep: Mapping[str, Any]
    """What sweep.json holds."""
    analysis: Analysis
    made_at: str
    """UTC, ISO 8601."""
    languages: pd.DataFrame
    """`schema.LANGUAGES`."""
    trials: pd.DataFrame
    """`Snapshot.trials`: every planned trial with its status."""
    scores: pd.DataFrame
    """`means.compute_means`: mean score of every cell, baselines among them."""
    contrasts: pd.DataFrame
    """`statistics.schema.CONTRASTS`: declared ones and all deltas."""
    curves: pd.DataFrame
    best_magnitudes: pd.DataFrame
    surfaces: pd.DataFrame
    effects: pd.DataFrame
    """`statistics.schema.CURVES`, `BEST_MAGNITUDES`, `SURFACES`, `EFFECTS`."""
    failures: pd.DataFrame
    """`failures.compute_failures`, a row a cell."""
    pairs: pd.DataFrame
    """Deltas of pairs of languages (`condition_language` is set)."""
    selections: pd.DataFrame = field(default_factory=pd.DataFrame)
    """`statistics.selections.compare_selections`: rules of choosing a checkpoint, side by side."""
    failure_tests: pd.DataFrame = field(default_factory=FAILURE_TESTS.empty_table().to_pandas)
    """`statistics.failure_rates.compute_failure_tests`: whether training fails more often than in the baseline."""
    problems: tuple[Problem, ...] = ()
    """What is missing from these tables, and why."""


@without_collection()
def gather_evidence(store: ResultStore, *, is_kept: bool = True, with_effects: bool = True) -> Evidence:
    """Read and compute all that a report shows; what cannot be had is a problem in it, not an error.

    Args:
        store: to be read.
        is_kept: keep the contrasts beside the store for the next reader, where that can be; else nothing is written.
        with_effects: fit the mixed models, which takes longer than all else.

    Raises:
        ResultsError: the plan or the trials themselves cannot be read.
    """
    from results.statistics.best_magnitude import compute_best_magnitudes
    from results.statistics.contrasts import compute_contrasts
    from results.statistics.curves import compute_curves
    from results.statistics.failure_rates import compute_failure_tests
    from results.statistics.kept import load_contrasts
    from results.statistics.mixed_model import compute_effects
    from results.statistics.points import gather_measured
    from results.statistics.selections import compare_selections
    from results.statistics.surfaces import compute_surfaces

    snapshot = store.snapshot()
    analysis = Analysis.from_sweep(store.sweep)
    find_contrasts = load_contrasts if is_kept else compute_contrasts
    find_effects = (lambda: compute_effects(snapshot, analysis)) if with_effects else EFFECTS.empty_table
    panels = cache(partial(gather_measured, snapshot, analysis))  # read once, where they can be read
    with _kept_warnings() as problems:

        def attempt(part: str, compute: Callable[[], pa.Table], empty: pa.Schema | None = None) -> pd.DataFrame:
            try:
                table = compute()
            except ResultsError as error:
                problems.append(Problem(part, str(error)))
                table = (empty or pa.schema([])).empty_table()
            frame: pd.DataFrame = table.to_pandas()
            return frame

        deltas = snapshot.deltas
        return Evidence(
            uri=store.uri,
            sweep=store.sweep,
            analysis=analysis,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            languages=snapshot.languages.to_pandas(),
            trials=snapshot.trials.to_pandas(),
            scores=compute_means(snapshot.results),
            contrasts=attempt("contrasts", lambda: find_contrasts(snapshot, analysis), CONTRASTS),
            curves=attempt("curves", lambda: compute_curves(snapshot, analysis, panels()), CURVES),
            best_magnitudes=attempt(
                "best magnitudes", lambda: compute_best_magnitudes(snapshot, analysis, panels()), BEST_MAGNITUDES
            ),
            surfaces=attempt("surfaces", lambda: compute_surfaces(snapshot, analysis, panels()), SURFACES),
            effects=attempt("slopes over languages", find_effects, EFFECTS),
            selections=attempt("selections", lambda: compare_selections(snapshot, analysis)),
            failure_tests=attempt("tests of failures", lambda: compute_failure_tests(snapshot), FAILURE_TESTS),
            failures=compute_failures(snapshot.trials).to_pandas(),
            pairs=deltas.filter(pc.is_valid(deltas["condition_language"])).to_pandas(),
            problems=tuple(problems),
        )


@contextmanager
def _kept_warnings() -> Iterator[list[Problem]]:
    """Keep what readers warn of meanwhile (files that were left out), so that the report can say it."""
    problems: list[Problem] = []
    handler = _Keeper(problems)
    logger = logging.getLogger("results")
    logger.addHandler(handler)
    try:
        yield problems
    finally:
        logger.removeHandler(handler)


class _Keeper(logging.Handler):
    """Turns warnings into problems, each once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        problem = Problem("files", record.getMessage())
        if problem not in self._problems:
            self._problems.append(problem)
