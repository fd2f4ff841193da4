"""Seconds from the SIGKILL of a sweep's driver until all slots train again, when `xlt sweep resume` is typed at once.

On a Ray that the driver starts itself, and on a cluster that is there before and after. Prints where the time goes.
Usage: python -m benchmarks.recovery_time [--rounds 3]
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import psutil

from sweeps.observing.heartbeats import read_heartbeats
from tests.faults.cluster import running_cluster
from tests.faults.harness import start_xlt, write_space

_NUM_SLOTS = 2
_PATIENCE_SECONDS = 180.0


def wait_until(condition: Callable[[], bool]) -> float:
    """Wait; give the moment, by the monotonic clock."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not running after {_PATIENCE_SECONDS:g} s")
        time.sleep(0.02)
    return time.monotonic()


def training_pids(folder: Path) -> set[int]:
    """Processes that are training now."""
    beats = read_heartbeats(folder / "ray" / "progress")
    return {beat.pid for beat in beats if beat.num_steps_taken > 0 and psutil.pid_exists(beat.pid)}


def measure(space: Path, folder: Path, options: tuple[str, ...], environment: Mapping[str, str]) -> dict[str, float]:
    """Kill a driver whose slots all train; give the seconds to each moment after the kill."""
    driver = _start("run", space, "--out", folder, *options, environment=environment)
    wait_until(lambda: len(training_pids(folder)) >= _NUM_SLOTS)
    before = training_pids(folder)
    driver.kill()
    killed = time.monotonic()
    driver.communicate()
    driver = _start("resume", folder, *options, environment=environment)
    moments = {
        "former workers are gone": wait_until(lambda: not any(map(psutil.pid_exists, before))),
        "one slot trains": wait_until(lambda: len(training_pids(folder) - before) >= 1),
        "all slots train": wait_until(lambda: len(training_pids(folder) - before) >= _NUM_SLOTS),
    }
    workers = [psutil.Process(pid) for pid in training_pids(folder)]
    driver.kill()
    driver.communicate()
    psutil.wait_procs(workers, timeout=30)
    return {name: moment - killed for name, moment in moments.items()}


def _start(*arguments: object, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return start_xlt("sweep", *arguments, "--max-concurrent", str(_NUM_SLOTS), **environment)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory(prefix="xlt-recovery-", ignore_cleanup_errors=True) as place:
        space = write_space(Path(place), num_steps=20_000, axes={}, baseline={}, seeds=4)  # no trial ends meanwhile
        for where in ("local", "cluster"):
            with ExitStack() as stack:
                options: tuple[str, ...] = ()
                environment: Mapping[str, str] = {}
                if where == "cluster":
                    cluster = stack.enter_context(running_cluster(_NUM_SLOTS))
                    options, environment = ("--address", cluster.address), cluster.environment
                found = [measure(space, Path(place) / f"{where}-{n}", options, environment) for n in range(rounds)]
            print(f"{'a Ray of its own' if where == 'local' else 'a cluster that stays'}, {rounds} rounds")
            for name in found[0]:
                values = [one[name] for one in found]
                print(
                    f"  {name:24} median {statistics.median(values):5.1f} s  {min(values):.1f} to {max(values):.1f} s"
                )


if __name__ == "__main__":
    main()
