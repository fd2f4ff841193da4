"""A real sweep small enough for tests: the embedded world, an encoder of 3 steps, trials of 4."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions, SweepOutcome

BASE: dict[str, Any] = {
    "encoder": {"source": "mini", "pretrain": {"num_steps": 3}},
    "target": {"task": "world", "max_train_examples": 64, "perturbation": {"method": "gaussian"}},
    "optim": {"learning_rate": 1.0e-3, "num_steps": 4, "batch_size": 8},
    "evaluation": {"languages": ["src", "kin-hi"], "max_examples": 10},
}


def make_space(**changes: Any) -> SearchSpace:
    """Two magnitudes with and without an intermediate stage: 4 cells; one seed unless asked otherwise."""
    values: dict[str, Any] = {
        "name": "small",
        "base": BASE,
        "axes": {
            "target.perturbation.magnitude": [0.0, 0.5],
            "intermediate": ["none", {"task": "world", "dose": 1.0}],
        },
        "seeds": 1,
        "baseline": {"target.perturbation.magnitude": 0.0, "intermediate": "none"},
    }
    return SearchSpace.model_validate({**values, **changes})


def silent_console() -> Console:
    """A console that writes to memory; read it with `text_of`."""
    return Console(file=io.StringIO(), width=200)


def text_of(console: Console) -> str:
    """What was written to a `silent_console`."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def run_inline(space: SearchSpace, folder: Path, **options: Any) -> SweepOutcome:
    """Run a space in this process."""
    store, plan = begin_sweep(space, folder)
    chosen = LaunchOptions(resources=space.resources, inline=True, **options)
    return run_missing(store, plan.trials, chosen, silent_console())


def read_scores(folder: Path) -> list[dict[str, Any]]:
    """Every score of a store, in a fixed order."""
    rows = ResultStore.open(folder).scores().to_pylist()
    return sorted(rows, key=lambda row: (row["trial_id"], row["language"], row["metric"]))


def row_times(folder: Path) -> dict[str, int]:
    """When each trial's row was written, by trial id."""
    return {path.stem: path.stat().st_mtime_ns for path in (folder / "trials").glob("*.parquet")}


def count_rows(folder: Path) -> Counter[tuple[str, str, str]]:
    """How often each (trial, language, metric) stands in the score files, read as any reader would."""
    tables = [pq.read_table(path) for path in (folder / "scores").glob("*.parquet")]
    rows = [row for table in tables for row in table.to_pylist()]
    return Counter((row["trial_id"], row["language"], row["metric"]) for row in rows)
