"""Failure as an outcome: does a cell fail more often than its baseline, and do failures grow with magnitude?

In: a snapshot. Out: `schema.FAILURE_TESTS`. Means of survivors alone would be a selection on the outcome.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import comb
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.stats import fisher_exact

from results.failures import FAILED
from results.schema import make_table
from results.snapshot import Snapshot
from results.statistics.schema import FAILURE_TESTS
from results.statistics.series import MagnitudeSeries, list_cells, list_magnitude_series

FISHER = "Fisher's exact test, two-sided; seeds taken for independent, not corrected for the number of cells"
TREND = (
    "exact trend test, two-sided: ranks of magnitudes, all tables with these margins (Cochran-Armitage, conditional); "
    "exact also where one magnitude fails always and another never, where a logistic regression has no estimate"
)
_NOTHING = "nothing to test: none failed, or all"


class Rate(NamedTuple):
    """How many of so many trials failed."""

    num_failed: int
    num_ended: int


def compute_failure_tests(snapshot: Snapshot) -> pa.Table:
    """Test every cell against its baseline, and every series of magnitudes for a trend.

    Trials that ran out of memory, lost their machine or were stopped tell nothing about training and are left out.

    Returns:
        Columns of `schema.FAILURE_TESTS`; no rows where no trial failed.
    """
    rates = _count(snapshot)
    if not any(rate.num_failed for rate in rates.values()):
        return FAILURE_TESTS.empty_table()
    cells = list_cells(snapshot.plan)
    rows: list[dict[str, Any]] = []
    for cell in cells:
        own, base = rates.get(cell.cell_id), rates.get(cell.baseline_cell_id)
        if own and base and cell.cell_id != cell.baseline_cell_id:
            table = [[rate.num_failed, rate.num_ended - rate.num_failed] for rate in (own, base)]
            can_tell = 0 < own.num_failed + base.num_failed < own.num_ended + base.num_ended
            rows.append(
                {
                    "kind": "cell",
                    "series": cell.label,
                    "cell_id": cell.cell_id,
                    "baseline_cell_id": cell.baseline_cell_id,
                    "target_task": cell.target_task,
                    **own._asdict(),
                    "base_failed": base.num_failed,
                    "base_ended": base.num_ended,
                    "p": float(fisher_exact(np.array(table)).pvalue) if can_tell else None,
                    "p_method": FISHER if can_tell else _NOTHING,
                }
            )
    for series in list_magnitude_series(cells):
        rows += _test_series(series, rates)
    return make_table(rows, FAILURE_TESTS)


def exact_trend(rates: Sequence[Rate]) -> float | None:
    """P-value of a trend along ordered groups, two-sided; None where none failed, or all, or there is one group.

    Given how many failed in all, each way to spread them over the groups has a probability if groups do not matter
    (hypergeometric). The p-value is that of all ways whose sum of rank times failures is as far from its mean as the
    observed one, or farther.
    """
    num_failed, num_ended = sum(rate.num_failed for rate in rates), sum(rate.num_ended for rate in rates)
    if not 0 < num_failed < num_ended or sum(rate.num_ended > 0 for rate in rates) < 2:
        return None
    ways: Counter[tuple[int, int]] = Counter({(0, 0): 1})  # (failures so far, sum of ranks) -> number of ways
    for rank, rate in enumerate(rates):
        further: Counter[tuple[int, int]] = Counter()
        for (failed, total), number in ways.items():
            for here in range(min(rate.num_ended, num_failed - failed) + 1):
                further[failed + here, total + rank * here] += number * comb(rate.num_ended, here)
        ways = further
    all_ways = comb(num_ended, num_failed)
    # of the sum, times the number of trials, so that all numbers are whole
    mean = num_failed * sum(rank * rate.num_ended for rank, rate in enumerate(rates))
    observed = abs(num_ended * sum(rank * rate.num_failed for rank, rate in enumerate(rates)) - mean)
    as_far = sum(
        number
        for (failed, total), number in ways.items()
        if failed == num_failed and abs(num_ended * total - mean) >= observed
    )
    return as_far / all_ways


def _count(snapshot: Snapshot) -> dict[str, Rate]:
    """Failed and ended trials by cell."""
    trials = snapshot.trials
    ended, failed = Counter[str](), Counter[str]()
    for cell_id, status in zip(trials["cell_id"].to_pylist(), trials["status"].to_pylist(), strict=True):
        if status == "ok" or status in FAILED:
            ended[cell_id] += 1
            failed[cell_id] += status in FAILED
    return {cell_id: Rate(failed[cell_id], number) for cell_id, number in ended.items()}


def _test_series(series: MagnitudeSeries, rates: Mapping[str, Rate]) -> Iterator[dict[str, Any]]:
    cells = [*([series.plain] if series.plain else []), *series.cells]
    found = [(cell.magnitude, rates[cell.cell_id]) for cell in cells if cell.cell_id in rates]
    if len(found) < 2:
        return
    p = exact_trend([rate for _, rate in found])
    yield {
        "kind": "trend",
        "series": series.name,
        "target_task": series.cells[0].target_task,
        "num_failed": sum(rate.num_failed for _, rate in found),
        "num_ended": sum(rate.num_ended for _, rate in found),
        "rates": json.dumps({f"{magnitude:g}": list(rate) for magnitude, rate in found}),
        "p": p,
        "p_method": _NOTHING if p is None else TREND,
    }
