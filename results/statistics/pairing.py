"""Which runs a comparison is made from, paired by seed over all its cells. In: plan, trials. Out: trials by seed."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.schema import PENDING

_COLUMNS = ("trial_id", "cell_id", "seed", "is_seeded", "intermediate_key")
_NOT_PLANNED = "not planned"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A planned trial."""

    trial_id: str
    seed: int
    is_seeded: bool
    """False: nothing is random in it, so that it stands for every seed."""
    status: str
    intermediate_key: str | None


@dataclass(frozen=True, kw_only=True)
class PairedRuns:
    """The runs of all cells of a comparison that have a seed in common. k seeds."""

    seeds: tuple[int, ...]
    runs: tuple[tuple[Run, ...], ...]
    """By cell of the comparison; k each."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Seeds that are missing because a run failed, by what became of it."""

    @property
    def trial_ids(self) -> set[str]:
        """Of all runs."""
        return {run.trial_id for runs in self.runs for run in runs}

    @property
    def num_lost(self) -> int:
        """Seeds that are missing because a run failed."""
        return sum(self.lost.values())

    @cached_property
    def blocks(self) -> npt.NDArray[np.int64]:
        """Which seeds share an intermediate run in some cell and are not independent: equal numbers. Shape (k,)."""
        block = np.arange(len(self.seeds))
        for runs in self.runs:
            first: dict[str, int] = {}
            for place, run in enumerate(runs):
                if run.intermediate_key is not None:
                    other = first.setdefault(run.intermediate_key, place)
                    block[block == block[place]] = block[other]
        return np.unique(block, return_inverse=True)[1]

    @property
    def num_intermediate_runs(self) -> int | None:
        """Distinct intermediate runs that tell the seeds apart; none where no cell has an intermediate stage."""
        has_any = any(run.intermediate_key is not None for runs in self.runs for run in runs)
        return len(set(self.blocks.tolist())) if has_any else None

    @cached_property
    def replicates(self) -> npt.NDArray[np.int64]:
        """What is averaged before anything is estimated: equal numbers. Shape (k,).

        Seeds that share an intermediate run. Where all share one, the seeds themselves: what they say is then about
        this one run.
        """
        return np.arange(len(self.seeds)) if self.num_intermediate_runs == 1 else self.blocks

    def keep(self, is_kept: npt.NDArray[np.bool_]) -> "PairedRuns":
        """Leave out seeds."""
        if is_kept.all():
            return self
        kept = np.flatnonzero(is_kept).tolist()
        return PairedRuns(
            seeds=tuple(self.seeds[place] for place in kept),
            runs=tuple(tuple(runs[place] for place in kept) for runs in self.runs),
            lost=self.lost,
        )


def list_runs(plan: pa.Table, trials: pa.Table) -> dict[str, list[Run]]:
    """Give the planned runs by cell."""
    status = dict(zip(trials["trial_id"].to_pylist(), trials["status"].to_pylist(), strict=True))
    runs: dict[str, list[Run]] = {}
    for row in plan.select(list(_COLUMNS)).to_pylist():
        cell = row.pop("cell_id")
        runs.setdefault(cell, []).append(Run(**row, status=status.get(row["trial_id"], PENDING)))
    return runs


def pair_runs(cells: Sequence[Sequence[Run]], counted: Collection[str], *, is_delta: bool) -> PairedRuns:
    """Pair the runs of several cells by seed, over the seeds planned for the first cell in which anything is random.

    A seed is lost where a run of it failed; it counts nowhere while a run of it is pending.

    Args:
        cells: the runs of each.
        counted: statuses of the runs that count.
        is_delta: whether the last cell is a baseline, whose failures are named so.
    """
    leading = next((runs for runs in cells if any(run.is_seeded for run in runs)), cells[0])
    seeds = sorted({run.seed for run in leading})
    pairs, lost = {}, Counter[str]()
    for seed in seeds:
        found = [_find_run(runs, seed) for runs in cells]
        states = [_NOT_PLANNED if run is None else run.status for run in found]
        if is_delta:
            states[-1] = states[-1] if states[-1] in (*counted, PENDING) else f"baseline {states[-1]}"
        if failed := [state for state in states if state not in (*counted, PENDING)]:
            lost[failed[0]] += 1
        elif PENDING not in states:
            pairs[seed] = [run for run in found if run is not None]
    return PairedRuns(
        seeds=tuple(pairs),
        runs=tuple(tuple(runs[place] for runs in pairs.values()) for place in range(len(cells))),
        lost=dict(sorted(lost.items())),
    )


def _find_run(runs: Sequence[Run], seed: int) -> Run | None:
    for run in runs:
        if run.seed == seed or not run.is_seeded:
            return run
    return None
