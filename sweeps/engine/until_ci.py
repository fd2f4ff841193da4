"""More seeds for the cells whose interval is too wide, until it is as narrow as asked for.

In: a store, trials and a `Goal`. Out: a `Narrowing`. What decides is the width of an interval alone, never where it
lies or whether it holds zero: seeds that are added until a difference shows would make differences.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from math import ceil

from rich.console import Console

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.options import SweepOutcome
from sweeps.growth.widths import MIN_PAIRS, CellStanding, Goal, check_language, half_width, list_standings, read_cells
from sweeps.planning.plan import PlannedTrial
from sweeps.tables.rows import plan_row, planned_trial
from xlt_core.errors import StoreError
from xlt_core.fingerprints import Fingerprints
from xlt_core.plan import plan_trial

Run = Callable[[Sequence[PlannedTrial]], SweepOutcome]
"""Runs what of given trials is missing."""


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What all launches came to, and where every cell stands."""

    outcome: SweepOutcome
    cells: tuple[CellStanding, ...]


def run_until_narrow(
    store: ResultStore, space: SearchSpace, trials: Sequence[PlannedTrial], run: Run, goal: Goal, console: Console
) -> Narrowing:
    """Run trials, then more seeds of their cells, until all intervals are narrow or nothing can be done.

    The plan of every further seed is written before it runs, so that `xlt sweep resume` goes on with it.

    Args:
        store: of the sweep; its plan holds `trials`.
        space: of the sweep.
        trials: all that is asked for.
        run: runs what of given trials is missing.
        goal: when to stop.
        console: for progress; should write to stderr.

    Raises:
        SpecError: no cell is scored in the goal's language.
        StoreError: what a cell reads is no longer what it was.
    """
    check_language(trials, goal)
    outcome = run(trials)
    total = outcome
    while True:
        if space.search.optuna is not None:  # cells that it proposed meanwhile
            trials = tuple(planned_trial(row) for row in store.plan().to_pylist())
        standings = list_standings(store, trials, goal)
        added = () if outcome.stopped else plan_more_seeds(store, space, standings, goal)
        if not added:
            return Narrowing(outcome=total, cells=standings)
        wide = sum(standing.reason == "wide" for standing in standings)
        console.print(
            f"{wide} of {len(standings)} cells have no {MIN_PAIRS} pairs with an interval within ±{goal.half_width:g} "
            f"({goal.language}) yet: {len(added)} more trials",
            highlight=False,
        )
        store.write_plan([plan_row(trial) for trial in added])
        trials = (*trials, *added)
        outcome = run(trials)
        total = replace(outcome, num_run=total.num_run + outcome.num_run, seconds=total.seconds + outcome.seconds)


def plan_more_seeds(
    store: ResultStore, space: SearchSpace, standings: Iterable[CellStanding], goal: Goal
) -> tuple[PlannedTrial, ...]:
    """Plan further seeds of the cells that are too wide, and of their baselines; none is planned already.

    Seeds are counted on from the space's, in every cell alike, so that cells share those of their baseline.

    Raises:
        StoreError: a cell's data, encoder or code are no longer those of its identity.
    """
    snapshot = store.snapshot()
    planned, rows = read_cells(snapshot), {row["trial_id"]: row for row in snapshot.plan.to_pylist()}
    fingerprints = Fingerprints()
    added: dict[str, PlannedTrial] = {}
    for standing in standings:
        if standing.reason != "wide":
            continue
        own = planned[standing.cell_id]
        template = planned_trial(rows[own.trial_id])
        base = planned[template.baseline_cell_id]
        pair = ((own, template), (base, planned_trial(rows[base.trial_id])))
        for seed in _continue_seeds(space, own.pair_seeds(base), num_more_seeds(standing, goal)):
            for cell, one in pair:
                if cell.is_seeded and seed not in cell.seeds:
                    trial = _at_seed(one, seed, fingerprints)
                    added.setdefault(trial.trial_id, trial)
    return tuple(added.values())


def num_more_seeds(standing: CellStanding, goal: Goal) -> int:
    """Seeds to add: as many as the deviation so far says are needed, at most as many as there are."""
    pairs, seeds = standing.num_pairs, standing.num_seeds
    needed = 2 * pairs
    if standing.delta_sd is not None:
        steps = range(pairs + 1, 2 * pairs)
        needed = next((more for more in steps if half_width(standing.delta_sd, more) <= goal.half_width), needed)
    needed = max(needed, min(MIN_PAIRS, 2 * pairs))
    more = ceil((needed - pairs) * seeds / pairs)  # some pairs may lose a run as some of the others did
    return min(more, seeds, goal.max_seeds - seeds)


def _continue_seeds(space: SearchSpace, used: frozenset[int], number: int) -> list[int]:
    unused = (seed for seed in count(max(space.seed_values) + 1) if seed not in used)
    return list(islice(unused, number))


def _at_seed(trial: PlannedTrial, seed: int, fingerprints: Fingerprints) -> PlannedTrial:
    plan = plan_trial(trial.plan.spec.model_copy(update={"seed": seed}), fingerprints)
    if plan.cell_id != trial.plan.cell_id:
        raise StoreError(
            f"'{trial.cell}' was planned with other data, another encoder or another version of this program, so that "
            "more seeds of it could not be compared; bring these back, or run the space into a new folder"
        )
    return replace(trial, plan=plan, supersedes=None)
