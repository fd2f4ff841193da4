"""Which cells have no delta because their baseline has no run to compare with. In: a snapshot. Out: sentences."""

from collections import Counter, defaultdict
from collections.abc import Collection

from results.means import counted_statuses
from results.schema import PENDING
from results.snapshot import Snapshot

_MAX_CELLS = 3
"""So many are named."""
_FAILURES = ("infra", "oom")
"""Statuses that say nothing of the training: such runs are simply run again."""
_SCORED = ("degenerate", "stopped_early")
"""Statuses of runs that have scores all the same."""


def explain_missing_baselines(snapshot: Snapshot, include: Collection[str] = ()) -> list[str]:
    """Say for each baseline which cells ended well and cannot be compared with it, what became of it, and what to do.

    Args:
        snapshot: of the store.
        include: statuses of runs that count as well.
    """
    counted = counted_statuses(include)
    columns = ["cell_id", "baseline_cell_id", "cell", "seed", "is_seeded", "status"]
    plan = snapshot.trials.append_column("is_seeded", snapshot.plan["is_seeded"])
    labels: dict[str, str] = {}
    seeds: defaultdict[str, set[int | None]] = defaultdict(set)
    statuses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    baseline_of: dict[str, str] = {}
    for row in plan.select(columns).to_pylist():
        cell = row["cell_id"]
        labels[cell], baseline_of[cell] = row["cell"], row["baseline_cell_id"]
        statuses[cell][row["status"]] += 1
        if row["status"] in counted:
            seeds[cell].add(row["seed"] if row["is_seeded"] else None)
    lonely: defaultdict[str, list[str]] = defaultdict(list)
    for cell, baseline in baseline_of.items():
        both = seeds[cell] & seeds[baseline] or (None in seeds[cell] | seeds[baseline] and seeds[baseline])
        if cell != baseline and seeds[cell] and not both:
            lonely[baseline].append(labels[cell])
    return [
        _explain(labels.get(baseline), statuses[baseline], bool(seeds[baseline]), cells, snapshot.uri)
        for baseline, cells in lonely.items()
    ]


def _explain(baseline: str | None, statuses: Counter[str], has_run: bool, cells: list[str], uri: str) -> str:
    named = "; ".join(cells[:_MAX_CELLS]) + (
        f"; and {len(cells) - _MAX_CELLS} others" if len(cells) > _MAX_CELLS else ""
    )
    begin = f"No deltas of {len(cells)} cell{'' if len(cells) == 1 else 's'} ({named}): "
    if baseline is None:
        return (
            f"{begin}their baseline is not planned; name it in `baseline` of the space: xlt sweep run SPACE --out {uri}"
        )
    counts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
    failed = [status for status in _FAILURES if statuses[status]]
    if has_run:
        what = "has no run of the same seeds that ended well"
    else:
        what = "was never run to its end" if failed or statuses[PENDING] else "has no run that counts"
    begin = f"{begin}their baseline '{baseline}' {what} ({counts}). "
    if failed or statuses[PENDING]:
        rerun = f" --rerun {','.join(failed)}" if failed and not statuses[PENDING] else ""
        return f"{begin}To run it: xlt sweep resume {uri}{rerun}"
    scored = [status for status in _SCORED if statuses[status]]
    if scored:
        return f"{begin}They have scores, which --include {','.join(scored)} counts"
    return f"{begin}That is a result: see xlt results trials {uri}"
