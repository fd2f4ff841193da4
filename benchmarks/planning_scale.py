"""Seconds and memory of planning, resuming and reading a sweep of 10,000 trials, each in a process of its own.

One trial is really run; the rows of all others but ten are its own under other names, with other scores. What making
them takes is not counted, nor the time from the begin of the ten trials that the resume runs to their end.
Target: 10 s and 1 GB each. Run: `python -m benchmarks.planning_scale` (minutes; 1 GB under the temporary folder).
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from results.schema import PREDICTIONS, TRIALS
from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions
from sweeps.observing.events import LOGS_FOLDER, read_events

TARGET_SECONDS = 10.0
TARGET_BYTES = 1e9
NUM_MISSING = 10
NUM_MAGNITUDES = 20


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One command, from the start of its process to its end."""

    name: str
    began_at: float
    """Seconds since the epoch, as the next."""
    ended_at: float
    peak_bytes: int
    cpu_seconds: float
    """Of the process, trials included."""
    work_seconds: float = 0.0
    """Of these, trials were running: not counted."""

    @property
    def wall_seconds(self) -> float:
        """Without the trials."""
        return self.ended_at - self.began_at - self.work_seconds


def make_space(num_cells: int, num_seeds: int) -> dict[str, Any]:
    """Magnitudes by doses of an intermediate task on the embedded world; trials of two steps, all its languages."""
    num_doses = num_cells // NUM_MAGNITUDES - 1
    return {
        "name": "planning-scale",
        "base": {
            "encoder": {"source": "mini", "pretrain": {"num_steps": 2}},
            "target": {"task": "world", "max_train_examples": 64, "perturbation": {"method": "gaussian"}},
            "optim": {"num_steps": 2, "batch_size": 8},
            "evaluation": {"max_examples": 100},
        },
        "axes": {
            "target.perturbation.magnitude": [round(place / 10, 1) for place in range(NUM_MAGNITUDES)],
            "intermediate": ["none", {"task": "world", "dose": [place / num_doses for place in range(num_doses)]}],
        },
        "seeds": num_seeds,
        "baseline": {"target.perturbation.magnitude": 0.0, "intermediate": "none"},
        "resources": {"max_concurrent": 1},
    }


def fill_store(space: SearchSpace, folder: Path) -> None:
    """Begin a sweep, run its first trial, and give all others but the last ten that trial's rows."""
    store, plan = begin_sweep(space, folder)
    options = LaunchOptions(resources=space.resources, inline=True, quiet=True)
    run_missing(store, plan.trials[:1], options, Console(stderr=True))
    [done] = store.finished()
    snapshot = store.snapshot()
    [row] = snapshot.trials.filter(pc.equal(snapshot.trials["trial_id"], done)).select(TRIALS.names).to_pylist()
    scores, predictions = snapshot.scores.to_pylist(), snapshot.predictions.to_table()

    def publish(trial_id: str) -> None:
        noise = random.Random(trial_id).gauss(0, 1)
        place = PREDICTIONS.get_field_index("trial_id")
        own = pa.array([trial_id] * predictions.num_rows)
        store.publish_trial(
            {**row, "trial_id": trial_id, "status": "ok", "reason": None},
            [{**score, "trial_id": trial_id, "value": score["value"] + noise} for score in scores],
            predictions.set_column(place, PREDICTIONS.field(place), own),
        )

    copied = [trial.trial_id for trial in plan.trials[1:-NUM_MISSING]]
    with ThreadPoolExecutor(8) as pool:  # they wait for the disk
        list(pool.map(publish, copied))
    store.write_deltas()  # as a driver does every now and then


def measure(name: str, arguments: Sequence[str], folder: Path) -> Measurement:
    """Run `xlt` with these arguments in a fresh process, with nothing beside it.

    Args:
        name: in the table.
        arguments: of the command.
        folder: of the sweep; what its logs say of this time is not counted.
    """
    began_at = time.time()
    process = subprocess.Popen([sys.executable, "-m", "sweeps.cli", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    ended_at = time.time()
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"xlt {' '.join(arguments)} failed")
    events = [event for path in (folder / LOGS_FOLDER).glob("*.jsonl") for event in read_events(path)]
    times = [datetime.fromisoformat(event.time).timestamp() for event in events]
    during = [moment for moment in times if began_at <= moment <= ended_at]
    return Measurement(
        name=name,
        began_at=began_at,
        ended_at=ended_at,
        peak_bytes=usage.ru_maxrss * 1024,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        work_seconds=max(during) - min(during) if during else 0.0,
    )


def print_table(measured: Sequence[Measurement]) -> None:
    print(f"{'command':<24}{'seconds':>9}{'CPU':>7}{'peak MB':>9}{'trials ran, s':>15}")
    for one in measured:
        work = f"{one.work_seconds:.1f}" if one.work_seconds else ""
        print(f"{one.name:<24}{one.wall_seconds:>9.1f}{one.cpu_seconds:>7.1f}{one.peak_bytes / 1e6:>9.0f}{work:>15}")
    seconds, peak = max(one.wall_seconds for one in measured), max(one.peak_bytes for one in measured)
    verdict = "met" if seconds <= TARGET_SECONDS and peak <= TARGET_BYTES else "missed"
    print(
        f"target {TARGET_SECONDS:g} s, {TARGET_BYTES / 1e9:g} GB: {verdict}, most {seconds:.1f} s, {peak / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-cells", type=int, default=2000)
    parser.add_argument("--num-seeds", type=int, default=5)
    parser.add_argument("--fill", type=Path, help="only make the sweep of 10,000 trials in this folder")
    given = parser.parse_args()
    space = make_space(given.num_cells, given.num_seeds)
    if given.fill is not None:
        fill_store(SearchSpace.model_validate(space), given.fill)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder, file = Path(scratch) / "sweep", Path(scratch) / "space.yaml"
        file.write_text(json.dumps(space), encoding="utf-8")
        # In a process of its own: a process begins with the peak memory of the one that started it.
        filling = [sys.executable, "-m", "benchmarks.planning_scale", "--fill", str(folder)]
        counts = ["--num-cells", str(given.num_cells), "--num-seeds", str(given.num_seeds)]
        plan = measure("xlt sweep plan", ["sweep", "plan", str(file)], folder)
        subprocess.run([*filling, *counts], check=True)
        store = ResultStore.open(folder)
        print(
            f"{store.plan().num_rows:,} trials planned, {len(store.finished()):,} finished, "
            f"{store.scores().num_rows:,} scores"
        )
        del store
        status = ["sweep", "status", str(folder)]
        measured = [
            plan,
            measure("... with its folder", ["sweep", "plan", str(file), "--out", str(folder)], folder),
            measure("xlt sweep status", status, folder),
            measure("xlt results deltas", ["results", "deltas", str(folder), "--language", "macro"], folder),
            measure("xlt sweep resume", ["sweep", "resume", str(folder), "--inline"], folder),
        ]
        print_table(measured)


if __name__ == "__main__":
    main()
