"""Time and memory against numbers of trials, languages, examples, tokens, magnitudes and trials of an array.

Every point is measured in a fresh process, all points in turns, round after round; `scaling_fit` says how each cost
grows. What does not grow (imports, first calls) is told apart. Targets: nothing grows faster than linearly, and what is
done for every trial stays under a second a thousand.
Run: `python -m benchmarks.scaling` (an hour; `--only NAME --largest N --rounds 1` for less).
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.scaling_fit import GROWS_BY, Growth, fit_growth
from benchmarks.scaling_point import Point
from benchmarks.scaling_points import SERIES

TARGET_EXPONENT = 1.0
TARGET_SECONDS_A_THOUSAND = 1.0
_WIDTH = 150
_MEMORY_GROWS_BY = 1.5
"""What is allocated first fits into what imports have left free: less growth says nothing of how it goes on."""
_LIBRARIES = ("pyarrow", "pandas", "duckdb", "torch")

Figures = Mapping[int, Sequence[Mapping[str, Any]]]
"""Of one block, by size; a round each."""


def run_point(name: str, size: int, scratch: Path) -> dict[str, Any]:
    """Measure one size in a process of its own."""
    series = SERIES[name]
    sweep = scratch / f"sweep-{size}"
    if series.on_sweep and not sweep.exists():
        _run(["--make", str(size), "--folder", str(sweep)])
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        found: dict[str, Any] = json.loads(
            _run(["--point", name, str(size), "--folder", folder, "--sweep", str(sweep)])
        )
    return found


def _run(arguments: Sequence[str]) -> str:
    command = [sys.executable, "-m", "benchmarks.scaling", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def measure_here(name: str, size: int, folder: Path, sweep: Path) -> None:
    """Be the process of one point; its last line is the figures."""
    point = Point(size=size, folder=folder, sweep=sweep)
    SERIES[name].measure(point)
    print(json.dumps(point.as_json()))


def measure_all(names: Sequence[str], sizes: Mapping[str, Sequence[int]], rounds: int, console: Console) -> Any:
    """Measure all points of some series, round after round.

    Returns:
        By series, block and size: a dictionary of figures a round.
    """
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in product(range(rounds), names):
            for size in sizes[name]:
                point = run_point(name, size, Path(scratch))
                for block, figure in point["figures"].items():
                    found[name][block][size].append(figure | {"start_up_seconds": point["start_up_seconds"]})
                console.print(f"round {number + 1}: {name} {size:,}", highlight=False)
    return found


def fit_block(by_size: Figures, key: str, grows_by: float = GROWS_BY) -> Growth:
    """Fit one figure of one block."""
    pairs = [(size, figure[key]) for size, figures in by_size.items() for figure in figures]
    return fit_growth([size for size, _ in pairs], [cost for _, cost in pairs], grows_by=grows_by)


def summarise(name: str, block: str, by_size: Figures, clock: str) -> dict[str, Any]:
    """Say how a block grows, and whether it keeps its targets."""
    seconds = fit_block(by_size, f"{clock}_seconds")
    memory = fit_block(by_size, "peak_bytes", _MEMORY_GROWS_BY)
    series, largest = SERIES[name], max(by_size)
    at_largest = median(figure[f"{clock}_seconds"] for figure in by_size[largest])
    per_thousand = max(at_largest - seconds.constant, 0.0) / largest * 1000 if series.is_per_trial else None
    missed = [what for what, growth in (("time", seconds), ("memory", memory)) if growth.low > TARGET_EXPONENT]
    if per_thousand is not None and per_thousand > TARGET_SECONDS_A_THOUSAND:
        missed.append("a thousand")
    return {
        "series": name,
        "block": block,
        "axis": series.axis,
        "largest": largest,
        "seconds_at_largest": at_largest,
        "seconds": asdict(seconds),
        "seconds_a_thousand": per_thousand,
        "start_up_seconds": median(figure["start_up_seconds"] for figures in by_size.values() for figure in figures),
        "peak_bytes_at_largest": median(figure["peak_bytes"] for figure in by_size[largest]),
        "peak_bytes": asdict(memory),
        "missed": missed,
        "points": by_size,
    }


def print_table(rows: Sequence[Mapping[str, Any]], clock: str, console: Console) -> None:
    table = Table(title=f"t = a + b n^p by the {clock} clock; p with its 95 % interval, 0: it does not grow")
    table.add_column("what")
    table.add_column("by")
    for heading in ("largest", "there", "of it a", "a thousand", "p", "start-up", "peak", "p of memory"):
        table.add_column(heading, justify="right")
    table.add_column("target")
    for row in rows:
        thousand = row["seconds_a_thousand"]
        table.add_row(
            row["block"],
            row["axis"],
            f"{row['largest']:,}",
            f"{row['seconds_at_largest']:.2f} s",
            f"{row['seconds']['constant']:.2f} s",
            "" if thousand is None else f"{thousand:.2f} s",
            _describe(row["seconds"]),
            f"{row['start_up_seconds']:.1f} s",
            f"{row['peak_bytes_at_largest'] / 1e6:,.0f} MB",
            _describe(row["peak_bytes"]),
            f"missed: {', '.join(row['missed'])}" if row["missed"] else "met",
        )
    console.print(table)


def _describe(growth: Mapping[str, float]) -> str:
    return f"{growth['exponent']:.2f} ({growth['low']:.2f} to {growth['high']:.2f})" if growth["exponent"] else "0"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SERIES, metavar="NAME", help=", ".join(SERIES))
    parser.add_argument("--largest", type=int, help="sizes up to this one; halved down to four where fewer are left")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a busy machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--point", nargs=2, metavar=("NAME", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sweep", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def choose_sizes(name: str, largest: int | None) -> tuple[int, ...]:
    """Sizes of a series up to the largest that is wanted; halves of it where there are fewer than four."""
    sizes = tuple(size for size in SERIES[name].sizes if largest is None or size <= largest)
    return sizes if largest is None or len(sizes) >= 4 else tuple(largest // part for part in (8, 4, 2, 1))


def main() -> None:
    given = parse_arguments()
    if given.make is not None:
        from benchmarks.scaling_stores import make_finished_sweep  # heavy

        make_finished_sweep(given.folder, given.make)
        return
    if given.point is not None:
        measure_here(given.point[0], int(given.point[1]), given.folder, given.sweep)
        return
    console = Console(stderr=True)
    names = given.only or list(SERIES)
    sizes = {name: choose_sizes(name, given.largest) for name in names}
    found = measure_all(names, sizes, given.rounds, console)
    rows = [summarise(name, block, found[name][block], given.clock) for name in names for block in found[name]]
    print_table(rows, given.clock, Console(width=_WIDTH))
    if given.json is not None:
        machine = {"machine": platform.platform(), "versions": {name: version(name) for name in _LIBRARIES}}
        given.json.write_text(json.dumps(machine | {"clock": given.clock, "rows": rows}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
