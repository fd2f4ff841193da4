"""What a sweep takes before its first trial and after its last, on Ray and in one process.

Four short trials of the embedded world in two arrays; the encoder is pre-trained beforehand. Before a trial trains are
the plan, Ray's start and imports; after the last event in the trials' logs are deltas, Ray's end and the table.
`--against FOLDER` takes turns with another checkout of this repository.
Usage: python -m benchmarks.launch_time [--rounds 5] [--against FOLDER]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks.array_speed import pretrain, read_events, write_space

WAYS: dict[str, tuple[str, ...]] = {"on Ray": (), "in one process": ("--inline",)}
_NUM_STEPS = 20
_LOOK_SECONDS = 0.1
_NUM_PRETRAIN_STEPS = 20
_HERE = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Launch:
    """Seconds of one command."""

    start: float
    """Until a first trial trains."""
    end: float
    """From the last event of a trial."""
    whole: float
    cpu: float
    """That all its processes took, the trials' included: says something on a busy machine, too."""


def launch(checkout: Path, space: Path, out: Path, stages: Path, options: tuple[str, ...]) -> Launch:
    """Run `xlt sweep run` of a checkout to its end."""
    command = [sys.executable, "-m", "sweeps.cli", "sweep", "run", space, "--out", out, "--stages", stages, *options]
    began = time.time()  # as the events have it
    with (out.parent / "said.txt").open("w") as said:
        ran = subprocess.Popen(list(map(str, command)), cwd=checkout, stdout=said, stderr=said)
        cpu = _follow(ran)
    ended = time.time()
    if ran.returncode not in (0, 1):
        raise SystemExit(f"the sweep ended with {ran.returncode}:\n{(out.parent / 'said.txt').read_text()[-3000:]}")
    moments = [(datetime.fromisoformat(event["time"]).timestamp(), event["event"]) for event in read_events(out)]
    trained = min(moment for moment, event in moments if event == "stage")
    return Launch(start=trained - began, end=ended - max(moments)[0], whole=ended - began, cpu=cpu)


def _follow(ran: subprocess.Popen[bytes]) -> float:
    """Wait for a command's end; give the CPU seconds of it and of its children, as they were seen last."""
    seconds: dict[int, float] = {}
    process = psutil.Process(ran.pid)
    while ran.poll() is None:
        with suppress(psutil.Error):
            for one in (process, *process.children(recursive=True)):
                times = one.cpu_times()
                seconds[one.pid] = times.user + times.system
        time.sleep(_LOOK_SECONDS)
    return sum(seconds.values())


def describe(name: str, found: list[Launch]) -> None:
    """Print the medians, and the least and most."""
    for kind in ("start", "end", "whole", "cpu"):
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
