"""Seconds and memory of a sweep's statistics: 30 cells, their baseline, 5 seeds, 15 languages of 5,010 examples each.

Every delta by language and over all languages, in points and log odds, with B = 10,000 draws of the examples: from
arrays in memory (estimates and intervals alone), and from a store on disk (the whole contrasts table: reading, groups,
families, corrections). Each in a process of its own; what making the data takes is not counted.
Target: 60 s and 2 GB each. Run: `python -m benchmarks.statistics` (under 0.1 GB under the temporary folder).
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from results.analysis import Analysis
from results.statistics.bootstrap import NUM_DRAWS, estimate
from results.statistics.contrasts import compute_contrasts
from results.statistics.differences import Scored, average, subtract
from results.statistics.scales import logit_contrast
from results.store import ResultStore
from tests.results.simulated import Design, simulate_outcomes, simulate_store

TARGET_SECONDS = 60.0
TARGET_BYTES = 2e9
LANGUAGES = ("en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One way from data to intervals."""

    name: str
    num_rows: int
    """Intervals that came out."""
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    """Of the process, with the data."""


def measure(name: str, function: Callable[[], int]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    num_rows = function()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Measured(name=name, num_rows=num_rows, wall_seconds=wall, cpu_seconds=cpu, peak_bytes=peak_bytes)


def score(is_right: np.ndarray) -> Scored:
    """Accuracy of runs, shape (seeds, examples)."""
    outcomes = is_right.astype(np.float32) * np.float32(100)
    scores = outcomes.mean(axis=1, dtype=np.float64)
    influences = (outcomes - scores[:, None].astype(np.float32)) / np.float32(outcomes.shape[1])
    return Scored(scores, {"parallel": influences})


def measure_arrays(design: Design) -> Measured:
    outcomes = simulate_outcomes(design)
    cells = [
        np.stack([outcomes[magnitude, None, seed] for seed in range(design.num_seeds)], axis=1)
        for magnitude in design.magnitudes
    ]
    del outcomes

    def run() -> int:
        seeds = range(design.num_seeds)
        baseline = [score(rows) for rows in cells[0]]
        points, logits = [], []
        for cell in cells[1:]:
            own = [score(rows) for rows in cell]
            units = [*zip(own, baseline, strict=True), (average(own[1:]), average(baseline[1:]))]
            points += [subtract(*pair, seeds) for pair in units]
            logits += [logit_contrast(pair, (1, -1), seeds) for pair in units]
        found = estimate(points + logits)
        found.interval(), found.interval(1 - 0.05 / len(LANGUAGES)), found.p_values(), found.detectable_effect()
        return len(points) + len(logits)

    return measure("arrays in memory", run)


def measure_store(folder: Path) -> Measured:
    store = ResultStore.open(folder)
    return measure("a store on disk", lambda: compute_contrasts(store.snapshot(), Analysis()).num_rows)


def make_store(folder: Path, design: Design) -> None:
    simulate_store(folder, design)


def print_table(measured: list[Measured], design: Design) -> None:
    table = Table(
        title=f"{len(design.magnitudes) - 1} cells, {design.num_seeds} seeds, {len(design.languages)} languages, "
        f"{design.num_examples:,} examples, {NUM_DRAWS:,} draws"
    )
    for heading in ("from", "intervals", "wall time", "processor time", "peak"):
        table.add_column(heading, justify="left" if heading == "from" else "right")
    for one in measured:
        seconds = f"{one.wall_seconds:.1f} s", f"{one.cpu_seconds:.1f} s"
        table.add_row(one.name, f"{one.num_rows:,}", *seconds, f"{one.peak_bytes / 1e6:,.0f} MB")
    console = Console()
    console.print(table)
    missed = [one for one in measured if one.wall_seconds > TARGET_SECONDS or one.peak_bytes > TARGET_BYTES]
    words = f"missed by {', '.join(one.name for one in missed)}" if missed else "kept"
    console.print(f"Target: {TARGET_SECONDS:.0f} s and {TARGET_BYTES / 1e9:.0f} GB each: {words}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-cells", type=int, default=30, help="beside the baseline (default: 30)")
    parser.add_argument("--num-seeds", type=int, default=5)
    parser.add_argument("--num-examples", type=int, default=5010)
    parser.add_argument("--store", type=Path, help="keep the store here, or use the one that is here")
    options = parser.parse_args()
    design = Design(
        magnitudes=[round(0.01 * number, 2) for number in range(options.num_cells + 1)],
        languages=LANGUAGES,
        num_seeds=options.num_seeds,
        num_examples=options.num_examples,
    )
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as scratch,
        ProcessPoolExecutor(max_workers=1, mp_context=context, max_tasks_per_child=1) as processes,
    ):
        folder = options.store or Path(scratch) / "sweep"
        if not folder.exists():
            processes.submit(make_store, folder, design).result()
        from_arrays = processes.submit(measure_arrays, design)
        from_store = processes.submit(measure_store, folder)
        print_table([from_arrays.result(), from_store.result()], design)


if __name__ == "__main__":
    main()
