"""Queries of 10 million scores against bare DuckDB on the same files, and the deltas of 1,000 trials from a cold start.

The scores lie in one compact file, written by the store's own compaction, as a sweep leaves them. The trials' own files
are only listed from then on: empty ones stand in for them, but for the last, which is not yet compacted. Bare DuckDB is
told which files to read. They take turns: warm, many times in one process; cold, once in a process of its own that has
imported what it needs; command, a whole process (of the `xlt` command, or of Python with DuckDB alone).
Targets: 1.5 times bare DuckDB; 2 s. Run: `python -m benchmarks.query` (a minute; 100 MB under the temporary folder).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from results.compaction import TableRead
from results.queries import run_query
from results.schema import SCORES, TRIALS, make_table
from results.several import open_stores
from results.storage import Entry
from results.store import ResultStore
from results.table_files import encode_table

NUM_SEEDS = 5
LANGUAGES = tuple(f"l{number:02}" for number in range(50))
METRICS = ("accuracy", "macro_f1")
LAST_NS = 1_700_000_000_000_000_000
QUERIES = {
    "filter": "SELECT trial_id, language, value FROM {scores} "
    "WHERE language = 'l07' AND metric = 'accuracy' AND condition = 'clean' AND value > 89",
    "aggregate": "SELECT language, metric, condition, avg(value) AS mean, count(*) AS n FROM {scores} "
    "GROUP BY ALL ORDER BY ALL",
}
TARGET_RATIO = 1.5
TARGET_SECONDS = 2.0
_XLT = (str(Path(sys.executable).with_name("xlt")), "results")
_BARE = "import duckdb, sys; duckdb.sql(sys.argv[1]).write_csv('/dev/null')"


def make_store(folder: Path, num_trials: int, rows_a_trial: int) -> ResultStore:
    """Write a sweep whose trials are all finished, and whose scores but for the last trial's are compacted."""
    store = ResultStore.create(folder, {"name": folder.name, "sweep_id": folder.name, "versions": {}})
    ids = [f"{number:016x}" for number in range(num_trials)]
    store.write_plan([_plan_row(trial_id, number) for number, trial_id in enumerate(ids)])
    marks = make_table(({"trial_id": trial_id, "status": "ok"} for trial_id in ids), TRIALS)
    scores = _make_scores(ids, rows_a_trial)
    for name, table, num_rows in (("trials", marks, 1), ("scores", scores, rows_a_trial)):
        (folder / name).mkdir()
        entries = []
        for number, trial_id in enumerate(ids):
            path = folder / name / f"{trial_id}.parquet"
            is_last = number == num_trials - 1
            path.write_bytes(encode_table(table.slice(number * num_rows, num_rows)) if is_last else b"")
            modified_ns = LAST_NS if is_last else LAST_NS - 10**10
            os.utime(path, ns=(modified_ns, modified_ns))
            entries.append(Entry(f"{name}/{path.name}", path.stat().st_size, modified_ns))
        TableRead(store.storage, name, table, entries, [num_rows] * num_trials, num_trials).compact()
    return store


def _plan_row(trial_id: str, number: int) -> dict[str, Any]:
    cell, seed = divmod(number, NUM_SEEDS)
    labels = {"cell_id": f"c{cell}", "baseline_cell_id": "c0", "is_baseline": cell == 0, "cell": f"magnitude {cell}"}
    known = {"encoder": "mini", "target_task": "xnli", "source_language": LANGUAGES[0], "magnitude": float(cell)}
    long = {"axes": f'{{"magnitude":{cell}}}', "spec": " " * 1300, "plan": " " * 2600, "languages": list(LANGUAGES)}
    return {"trial_id": trial_id, "seed": seed, "is_seeded": True} | labels | known | long


def _make_scores(ids: Sequence[str], rows_a_trial: int) -> pa.Table:
    row = np.arange(len(ids) * rows_a_trial)
    languages = (
        LANGUAGES if rows_a_trial >= len(LANGUAGES) * len(METRICS) else LANGUAGES[: rows_a_trial // len(METRICS)]
    )
    conditions = ["clean", *(f"typos:{number}" for number in range(1, 100))]
    per_condition = len(languages) * len(METRICS)

    def named(places: Any, names: Sequence[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(names)).cast(pa.string())

    columns = {
        "trial_id": named(row // rows_a_trial, ids),
        "language": named(row % len(languages), languages),
        "metric": named(row // len(languages) % len(METRICS), METRICS),
        "selection": named(row * 0, ["last"]),
        "condition": named(row % rows_a_trial // per_condition, conditions),
        "value": pa.array(np.random.default_rng(0).uniform(30, 90, len(row))),
        "num_examples": pa.array(np.full(len(row), 5010, np.int32)),
        "chance": pa.array(np.full(len(row), 100 / 3)),
    }
    return pa.table({field.name: columns.get(field.name, pa.nulls(len(row), field.type)) for field in SCORES}, SCORES)


def read_clock(clock: str) -> float:
    """Seconds of the wall, or of the processors for this process and those that it has waited for."""
    if clock == "wall":
        return time.perf_counter()
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(action: Callable[[], object], clock: str) -> float:
    """Seconds that an action takes."""
    began = read_clock(clock)
    action()
    return read_clock(clock) - began


def run_bare(sql: str) -> pa.Table:
    """Answer with DuckDB alone."""
    with duckdb.connect() as connection:
        return connection.sql(sql).to_arrow_table()


def run_own(folder: str, sql: str) -> pa.Table:
    """Answer as `xlt results query` does."""
    return run_query(open_stores([folder]), sql)


def run_process(command: Sequence[str]) -> str:
    """What a process prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(store: ResultStore, name: str, options: argparse.Namespace, table: Table) -> None:
    """Add the rows of one query."""
    last = max((store.folder / "scores").iterdir())
    compact = store.folder / "compact" / "scores.parquet"
    bare = QUERIES[name].format(scores=f"read_parquet(['{compact}', '{last}'])")
    own = QUERIES[name].format(scores="scores")
    if run_bare(bare).num_rows != run_own(store.uri, own).num_rows:
        raise RuntimeError(f"{name}: the answers differ")

    def in_process(*arguments: str) -> float:
        command = [sys.executable, "-m", "benchmarks.query", "--clock", options.clock, "--once", *arguments]
        return float(run_process(command))

    python, xlt = (
        [sys.executable, "-c", _BARE, bare],
        [*_XLT, "query", store.uri, own, "--format", "csv", "-o", os.devnull],
    )
    ways: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
        "warm": (
            lambda: measure(lambda: run_bare(bare), options.clock),
            lambda: measure(lambda: run_own(store.uri, own), options.clock),
        ),
        "cold": (lambda: in_process(bare), lambda: in_process(own, store.uri)),
        "command": (
            lambda: measure(lambda: run_process(python), options.clock),
            lambda: measure(lambda: run_process(xlt), options.clock),
        ),
    }
    for way, (measure_bare, measure_own) in ways.items():
        seconds = np.array([[measure_bare(), measure_own()] for _ in range(options.rounds)])
        ratios = seconds[:, 1] / seconds[:, 0]
        medians = (f"{value:.3f}" for value in np.median(seconds, axis=0))
        found = f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
        table.add_row(name, way, *medians, found, "" if way == "command" else f"{TARGET_RATIO}")


def measure_deltas(folder: Path, options: argparse.Namespace) -> list[float]:
    """Seconds of `xlt results deltas`, the whole command, on 1,000 trials of 15 languages and 2 metrics each."""
    store = make_store(folder, 1000, 30)
    command = [*_XLT, "deltas", store.uri]
    return [measure(lambda: run_process(command), options.clock) for _ in range(options.rounds)]


def main() -> None:
    """Print ratios and seconds beside their targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-trials", type=int, default=2500)
    parser.add_argument("--rows-a-trial", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: for a busy machine")
    parser.add_argument("--once", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        sql, *folders = options.once
        print(measure(lambda: run_own(folders[0], sql) if folders else run_bare(sql), options.clock))
        return
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        store = make_store(Path(temporary) / "large", options.num_trials, options.rows_a_trial)
        num_rows = options.num_trials * options.rows_a_trial
        table = Table(
            title=f"{num_rows:,} scores of {options.num_trials:,} trials, seconds by the {options.clock} clock (median)"
        )
        for header in ("query", "start", "bare DuckDB", "xlt", "ratio (rounds)", "target"):
            table.add_column(header)
        for name in QUERIES:
            compare(store, name, options, table)
        console.print(table)
        seconds = measure_deltas(Path(temporary) / "deltas", options)
    console.print(
        f"xlt results deltas of 1,000 trials, whole command: {np.median(seconds):.2f} s ({min(seconds):.2f} to "
        f"{max(seconds):.2f}); target {TARGET_SECONDS} s"
    )


if __name__ == "__main__":
    main()
