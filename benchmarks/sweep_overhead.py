"""What a sweep on Ray Tune adds per trial beyond the trial's own compute, once its worker is warm.

Runs short real trials one after the other on one worker, and looks at the time between the end of one and the start
of the next: publishing rows, bookkeeping of Tune, handing over. Usage: python benchmarks/sweep_overhead.py
"""

import argparse
import itertools
import statistics
import tempfile
from pathlib import Path

from rich.console import Console

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.engine.begin import begin_sweep
from sweeps.engine.launch import run_missing
from sweeps.engine.options import LaunchOptions

TARGET_SECONDS = 0.1


def make_space(num_trials: int) -> SearchSpace:
    """A baseline with so many seeds, each trained for two steps."""
    return SearchSpace.model_validate(
        {
            "name": "overhead",
            "base": {
                "encoder": {"source": "mini", "pretrain": {"num_steps": 2}},
                "target": {"task": "world", "max_train_examples": 64},
                "optim": {"num_steps": 2, "batch_size": 8},
                "evaluation": {"languages": ["src"], "max_examples": 8},
            },
            "seeds": num_trials,
            "resources": {"max_concurrent": 1},
        }
    )


def measure_gaps(num_trials: int, folder: Path) -> tuple[list[float], list[float]]:
    """Seconds between trials, and seconds of the trials themselves; the first trial, which warms up, is left out."""
    space = make_space(num_trials)
    store, plan = begin_sweep(space, folder)
    options = LaunchOptions(resources=space.resources, quiet=True)
    outcome = run_missing(store, plan.trials, options, Console(stderr=True))
    if outcome.num_run != num_trials or outcome.exit_status != 0:
        raise SystemExit(f"{num_trials} trials were to run; got {dict(outcome.counts)}")
    rows = sorted(ResultStore.open(folder).trials().to_pylist(), key=lambda row: row["started_at"])[1:]
    own = [row["wall_seconds"] for row in rows]
    spans = [(row["started_at"].timestamp(), row["started_at"].timestamp() + row["wall_seconds"]) for row in rows]
    return [after[0] - before[1] for before, after in itertools.pairwise(spans)], own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-trials", type=int, default=40)
    num_trials = parser.parse_args().num_trials
    with tempfile.TemporaryDirectory() as folder:
        gaps, own = measure_gaps(num_trials, Path(folder) / "sweep")
    mean = statistics.fmean(gaps)
    print(f"trials                    {num_trials}")
    print(f"own compute, mean         {statistics.fmean(own):.3f} s a trial")
    print(f"sweep adds, mean          {mean:.3f} s a trial")
    print(f"sweep adds, median        {statistics.median(gaps):.3f} s a trial")
    print(f"sweep adds, largest       {max(gaps):.3f} s")
    verdict = "met" if mean <= TARGET_SECONDS else "missed"
    print(f"target {TARGET_SECONDS} s              {verdict}: {mean / TARGET_SECONDS:.2f} of it")


if __name__ == "__main__":
    main()
