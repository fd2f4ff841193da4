"""How narrow the interval of each cell's delta is, and whether more seeds would make it narrower.

In: a store, trials and a `Goal`. Out: a `CellStanding` a cell. Light.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal, NamedTuple

import pyarrow.compute as pc

from results.schema import ALL_PAIRS, CLEAN, MACRO, PENDING
from results.snapshot import Snapshot
from results.store import ResultStore
from sweeps.planning.plan import PlannedTrial
from xlt_core.errors import SpecError
from xlt_core.tasks import load_task

MIN_PAIRS = 5
"""Before there are so many, no interval is taken for narrow. Stopping at the first narrow interval favours deviations
that are small by chance (Chow and Robbins 1965): in simulations that began with 2 pairs, intervals of 95 % so chosen
held the truth in 88 to 90 % of the cases, from 5 on in 92 to 94 %, for about one more seed a cell."""

Reason = Literal["wide", "narrow", "most seeds", "no pairs", "nothing random", "unfinished"]
_WORDS: dict[Reason, str] = {
    "wide": "too wide",
    "narrow": "narrow enough",
    "most seeds": "too wide, but has as many seeds as it may have",
    "no pairs": "left: no pair has both scores",
    "nothing random": "left: nothing in it is random, so that seeds say nothing",
    "unfinished": "not finished",
}


@dataclass(frozen=True, kw_only=True)
class Goal:
    """How narrow, of what, and at what cost."""

    half_width: float
    """In points of the score, 0 to 100."""
    language: str = MACRO
    max_seeds: int = 40
    """A cell may have."""

    def __post_init__(self) -> None:
        """Refuse what can never be met."""
        if not self.half_width > 0:
            raise SpecError(f"--until-ci {self.half_width:g}: give half a width above 0, in points, such as 0.5")
        if self.max_seeds < 2:
            raise SpecError(f"--max-seeds {self.max_seeds}: an interval needs 2 seeds; give 2 or more")


@dataclass(frozen=True, kw_only=True)
class CellStanding:
    """Where a cell is."""

    cell_id: str
    cell: str
    num_seeds: int
    """Planned, as many as pairs were asked for."""
    num_pairs: int
    """Of which there are scores."""
    delta_sd: float | None
    half_width: float | None
    """None: fewer than two pairs."""
    reason: Reason

    @property
    def sentence(self) -> str:
        """For people."""
        width = "no interval" if self.half_width is None else f"±{self.half_width:.2f}"
        return f"{self.cell}: {self.num_pairs} of {self.num_seeds} pairs, {width}; {_WORDS[self.reason]}"


class PlannedCell(NamedTuple):
    """What of a cell is planned, whoever asked for it."""

    seeds: frozenset[int]
    is_seeded: bool
    has_pending: bool
    trial_id: str
    """Of one of its trials."""

    def pair_seeds(self, baseline: "PlannedCell") -> frozenset[int]:
        """Seeds that pairs are made of: a cell in which nothing is random counts for every seed of the other."""
        return self.seeds if self.is_seeded else baseline.seeds


def check_language(trials: Iterable[PlannedTrial], goal: Goal) -> None:
    """See that some cell is scored in the language that is to decide.

    Raises:
        SpecError: none is.
    """
    scored = sorted({language for trial in trials for language in trial.plan.languages})
    if goal.language not in (MACRO, *scored):
        raise SpecError(f"--language {goal.language}: not scored here; allowed: {MACRO}, {', '.join(scored)}")


def list_standings(store: ResultStore, trials: Iterable[PlannedTrial], goal: Goal) -> tuple[CellStanding, ...]:
    """Say of every cell but the baselines how narrow its interval is, by what the store holds."""
    snapshot = store.snapshot()
    cells = {trial.plan.cell_id: trial for trial in trials if trial.plan.cell_id != trial.baseline_cell_id}
    rows = {row["cell_id"]: row for row in _read_deltas(snapshot, goal.language) if _decides(row, cells)}
    planned = read_cells(snapshot)
    return tuple(
        _judge(trial, planned[cell_id], planned[trial.baseline_cell_id], rows.get(cell_id), goal)
        for cell_id, trial in cells.items()
    )


def half_width(delta_sd: float, num_pairs: int) -> float:
    """Half of the interval by Student's t on paired differences, as `results.deltas` has it."""
    from scipy.special import stdtrit  # every sweep imports this module, and 0.3 s for what few ask of it

    from results.deltas import CONFIDENCE

    return float(stdtrit(num_pairs - 1, 0.5 + CONFIDENCE / 2)) * delta_sd / sqrt(num_pairs)


def _judge(
    trial: PlannedTrial, own: PlannedCell, base: PlannedCell, row: Mapping[str, Any] | None, goal: Goal
) -> CellStanding:
    num_pairs = row["k"] if row else 0
    deviation = row["delta_sd"] if row and num_pairs > 1 else None
    width = None if deviation is None else half_width(deviation, num_pairs)
    num_seeds = len(own.pair_seeds(base))
    reason: Reason = "wide"
    if not own.is_seeded and not base.is_seeded:
        reason = "nothing random"
    elif own.has_pending or base.has_pending:
        reason = "unfinished"
    elif num_pairs == 0:
        reason = "no pairs"
    elif width is not None and width <= goal.half_width and num_pairs >= min(MIN_PAIRS, goal.max_seeds):
        reason = "narrow"
    elif num_seeds >= goal.max_seeds:
        reason = "most seeds"
    return CellStanding(
        cell_id=trial.plan.cell_id,
        cell=trial.cell,
        num_seeds=num_seeds,
        num_pairs=num_pairs,
        delta_sd=deviation,
        half_width=width,
        reason=reason,
    )


def _read_deltas(snapshot: Snapshot, language: str) -> list[dict[str, Any]]:
    deltas = snapshot.deltas
    rows: list[dict[str, Any]] = deltas.filter(pc.equal(deltas["language"], language)).to_pylist()
    return rows


def _decides(row: Mapping[str, Any], cells: Mapping[str, PlannedTrial]) -> bool:
    """Whether a row of the deltas is the one that counts: last weights, primary metric, clean where it is scored so."""
    trial = cells.get(row["cell_id"])
    if trial is None:
        return False
    spec = trial.plan.spec
    names = [condition.name for condition in spec.evaluation.conditions]
    return (
        row["metric"] == load_task(spec.target.task).metrics[0]
        and row["selection"] == "last"
        and row["condition"] == (CLEAN if CLEAN in names else names[0])
        and row["condition_language"] in (None, ALL_PAIRS, row["language"])
    )


def read_cells(snapshot: Snapshot) -> dict[str, PlannedCell]:
    """Gather what is planned of every cell, by its id."""
    statuses = dict(zip(snapshot.trials["trial_id"].to_pylist(), snapshot.trials["status"].to_pylist(), strict=True))
    rows = snapshot.plan.select(["cell_id", "trial_id", "seed", "is_seeded"]).to_pylist()
    by_cell: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_cell.setdefault(row["cell_id"], []).append(row)
    return {
        cell_id: PlannedCell(
            seeds=frozenset(row["seed"] for row in rows),
            is_seeded=rows[0]["is_seeded"],
            has_pending=any(statuses[row["trial_id"]] == PENDING for row in rows),
            trial_id=rows[0]["trial_id"],
        )
        for cell_id, rows in by_cell.items()
    }
