"""What training trials together saves: a whole sweep with arrays, without, and its trials one by one.

18 trials of the embedded world (two methods, three magnitudes each, three seeds) on two cores, each way a command of
its own; the encoder is pre-trained beforehand. Prints how far the rows are from each other, too. The step alone, by
width of the array, is in `benchmarks.array_step`. Usage: python -m benchmarks.array_speed [--rounds 3]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from results.store import ResultStore

TARGET_RATIO = 2.5
WAYS: dict[str, tuple[str, ...]] = {
    "one by one, 1 thread": ("--inline", "--no-arrays", "--set", "resources.cpu=1"),
    "one by one, 2 threads": ("--inline", "--no-arrays", "--set", "resources.cpu=2"),
    "Ray, two workers": ("--no-arrays",),
    "Ray, two workers, arrays": (),
}
_ALONE = tuple(WAYS)[:2]
_ARRAYS = tuple(WAYS)[-1]
_SCORE_KEY = ("trial_id", "language", "metric", "selection", "condition", "condition_language")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of one way in one round."""

    command: float
    """From the command to its end: imports and Ray's start are in it."""
    trials: float
    """From the first to the last event in their logs."""


def write_space(folder: Path, num_steps: int, num_pretrain_steps: int, **changes: Any) -> Path:
    """Write the sweep's space; give its file."""
    values = {
        "name": "array-speed",
        "base": {
            "encoder": {"source": "mini", "pretrain": {"num_steps": num_pretrain_steps}},
            "target": {"task": "world"},
            "model": {"pooling": "mean"},
            "optim": {"learning_rate": 1.0e-3, "num_steps": num_steps, "batch_size": 32, "weight_decay": 0.01},
        },
        "axes": {
            "target.perturbation": [
                {"method": "gaussian", "magnitude": [0.0, 0.2, 0.5]},
                {"method": "uniform", "magnitude": [0.2, 0.5, 1.0]},
            ]
        },
        "seeds": 3,
        "baseline": {"target.perturbation.magnitude": 0.0},
        "resources": {"cpu": 1, "max_concurrent": 2},
        **changes,
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{values['name']}.yaml"
    path.write_text(json.dumps(values), encoding="utf-8")  # JSON is YAML
    return path


def run_sweep(space: Path, out: Path, stages: Path, options: tuple[str, ...] = ()) -> float:
    """Run `xlt sweep run` to its end; give its seconds."""
    command = [sys.executable, "-m", "sweeps.cli", "sweep", "run", space, "--out", out, "--stages", stages, *options]
    started = time.perf_counter()
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise SystemExit(f"{' '.join(options) or 'the sweep'} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
    return time.perf_counter() - started


def pretrain(place: Path, num_pretrain_steps: int) -> float:
    """Have the encoder pre-trained under `place/stages`; give the seconds that this took."""
    space = write_space(
        place,
        1,
        num_pretrain_steps,
        name="array-speed-encoder",
        axes={"target.perturbation.magnitude": [0.0]},
        seeds=1,
    )
    run_sweep(space, place / "encoder", place / "stages", ("--inline",))
    (row,) = ResultStore.open(place / "encoder").trials().to_pylist()
    return float(sum(stage["wall_seconds"] for stage in json.loads(row["stages"]) if stage["kind"] == "pretrain"))


def name_folder(place: Path, way: str, number: int) -> Path:
    """Where a way's sweep of one round lies."""
    return place / f"{way}-{number}".replace(", ", "-").replace(" ", "-")


def time_way(name: str, place: Path, space: Path, number: int) -> Timing:
    """Run the sweep in one way, in a folder of its own."""
    out = name_folder(place, name, number)
    seconds = run_sweep(space, out, place / "stages", WAYS[name])
    moments = [datetime.fromisoformat(event["time"]) for event in read_events(out)]
    return Timing(command=seconds, trials=(max(moments) - min(moments)).total_seconds())


def read_events(out: Path) -> list[dict[str, Any]]:
    """What the trials' logs say: their seconds in arrays are shares, and do not tell when they ran."""
    return [json.loads(line) for path in (out / "logs").glob("*.jsonl") for line in path.read_text().splitlines()]


def describe_arrays(out: Path) -> str:
    """Say how many trials a sweep's workers found best to train together."""
    widths = {event["width"] for event in read_events(out) if event["event"] in ("array", "left") and "width" in event}
    return ", ".join(map(str, sorted(widths))) or "as many as were handed out"


def compare_rows(first: Path, second: Path) -> str:
    """Say how far the scores and losses of two folders are from each other."""
    scores, others = _read_scores(first), _read_scores(second)
    if scores.keys() != others.keys():
        raise SystemExit(f"{len(scores.keys() ^ others.keys())} scores are in one of {first} and {second} only")
    gaps = [abs(score - others[key]) for key, score in scores.items()]
    losses, other_losses = (
        {row["trial_id"]: row["final_train_loss"] for row in ResultStore.open(folder).trials().to_pylist()}
        for folder in (first, second)
    )
    loss_gap = max(abs(loss - other_losses[trial]) for trial, loss in losses.items())
    return (
        f"{len(gaps)} scores: {sum(gap > 0 for gap in gaps)} differ, at most by {max(gaps):.2g} points; "
        f"final training losses at most by {loss_gap:.2g}"
    )


def _read_scores(folder: Path) -> Mapping[tuple[str, ...], float]:
    rows = ResultStore.open(folder).scores().to_pylist()
    return {tuple(str(row[name]) for name in _SCORE_KEY): row["value"] for row in rows if row["value"] is not None}


def describe(timings: Mapping[str, list[Timing]], pretrain_seconds: float) -> None:
    """Print the medians, and the ratios of the quicker one-by-one way to the others, round by round."""
    for name, found in timings.items():
        commands, trials = ([getattr(timing, kind) for timing in found] for kind in ("command", "trials"))
        print(f"{name:26} {median(commands):7.1f} s the command, {median(trials):7.1f} s its trials")
    alone = min(timings.keys() & set(_ALONE), key=lambda name: median(timing.command for timing in timings[name]))
    print(f"against {alone}; pre-training took {pretrain_seconds:.1f} s beforehand")
    for name in [way for way in timings if way not in _ALONE]:
        pairs = list(zip(timings[alone], timings[name], strict=True))
        kinds = {
            "command": [one.command / other.command for one, other in pairs],
            "trials alone": [one.trials / other.trials for one, other in pairs],
            "with pre-training": [
                (one.command + pretrain_seconds) / (other.command + pretrain_seconds) for one, other in pairs
            ],
        }
        for kind, ratios in kinds.items():
            target = f", target {TARGET_RATIO}" if name == _ARRAYS and kind == "command" else ""
            print(f"  {name}, {kind}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}){target}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=750, help="of a trial; the demo's recipe has 750")
    parser.add_argument("--pretrain-steps", type=int, default=2600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS), help="to be measured, all if not given")
    arguments = parser.parse_args()
    if not set(arguments.ways) & set(_ALONE):
        parser.error("--ways: one of those one by one is needed to compare with")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    timings: dict[str, list[Timing]] = {name: [] for name in arguments.ways}
    with tempfile.TemporaryDirectory(prefix="xlt-array-speed-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        pretrain_seconds = pretrain(place, arguments.pretrain_steps)
        space = write_space(place, arguments.steps, arguments.pretrain_steps)
        for number in range(arguments.rounds):
            for name, found in timings.items():
                found.append(time_way(name, place, space, number))
                print(f"round {number + 1}: {name} {found[-1].command:.1f} s", flush=True)
        describe(timings, pretrain_seconds)
        first, *others = timings
        for name in others:
            if name == _ARRAYS:
                print(f"width that measured best: {describe_arrays(name_folder(place, name, 0))}")
            difference = compare_rows(name_folder(place, first, 0), name_folder(place, name, 0))
            print(f"{first} and {name}: {difference}")


if __name__ == "__main__":
    main()
