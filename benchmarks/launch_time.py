"""What a sweep takes before its first trial and after its last, on Ray and in one process.

Four short trials of the embedded world in two arrays; the encoder is pre-trained beforehand. From the command to the
first event in the trials' logs are the plan, Ray's start and imports; from the last event on deltas, Ray's end and the
table. `--against FOLDER` takes turns with another checkout of this repository.
Usage: python -m benchmarks.launch_time [--rounds 5] [--against FOLDER]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from benchmarks.array_speed import pretrain, read_events, write_space

WAYS: dict[str, tuple[str, ...]] = {"on Ray": (), "in one process": ("--inline",)}
_NUM_STEPS = 20
_NUM_PRETRAIN_STEPS = 20
_HERE = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Seconds of one command."""

    start: float
    """To the first event of a trial."""
    end: float
    """From the last event of a trial."""
    whole: float
    """Of the command."""


def launch(checkout: Path, space: Path, out: Path, stages: Path, options: tuple[str, ...]) -> Launch:
    """Run `xlt sweep run` of a checkout to its end."""
    command = [sys.executable, "-m", "sweeps.cli", "sweep", "run", space, "--out", out, "--stages", stages, *options]
    began = time.time()  # as the events have it
    ran = subprocess.run(list(map(str, command)), cwd=checkout, capture_output=True, text=True, check=False)
    ended = time.time()
    if ran.returncode not in (0, 1):
        raise SystemExit(f"the sweep ended with {ran.returncode}:\n{ran.stderr[-3000:]}")
    moments = [datetime.fromisoformat(event["time"]).timestamp() for event in read_events(out)]
    return Launch(start=min(moments) - began, end=ended - max(moments), whole=ended - began)


def describe(name: str, found: list[Launch]) -> None:
    """Print the medians, and the least and most."""
    for kind in ("start", "end", "whole"):
        seconds = [getattr(one, kind) for one in found]
        print(f"{name}, {kind}: {median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout, run with this one's Python")
    arguments = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    checkouts = {"here": _HERE} | ({"there": arguments.against.absolute()} if arguments.against else {})
    found: dict[str, list[Launch]] = {f"{where}, {way}": [] for way in WAYS for where in checkouts}
    with tempfile.TemporaryDirectory(prefix="xlt-launch-time-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        pretrain(place, _NUM_PRETRAIN_STEPS)
        space = write_space(
            place,
            _NUM_STEPS,
            _NUM_PRETRAIN_STEPS,
            axes={"target.perturbation": {"method": ["gaussian"], "magnitude": [0.0, 0.2]}},
            seeds=2,
        )
        for number in range(arguments.rounds):
            for way, options in WAYS.items():
                for where, checkout in checkouts.items():
                    name = f"{where}, {way}"
                    out = place / f"{name}-{number}".replace(", ", "-").replace(" ", "-")
                    found[name].append(launch(checkout, space, out, place / "stages", options))
                    print(f"round {number + 1}: {name}: {found[name][-1]}", flush=True)
    for name, launches in found.items():
        describe(name, launches)


if __name__ == "__main__":
    main()
