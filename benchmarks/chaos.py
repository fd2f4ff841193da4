"""A sweep on two raylets while a worker, a raylet or the driver is killed at random every few seconds, beside the same
sweep left alone: trials, kills, work done again, differences between the two stores, ratio of wall times.

A killed raylet is started again after some seconds, a killed driver is resumed at once with `xlt sweep resume`.
Usage: python -m benchmarks.chaos [--num-trials 200] [--seconds-between 6] [--seed 0]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.harness import (
    checkpoint_every,
    contents,
    find_litter,
    start_xlt,
    steps_noted,
    trial_rows,
    write_space,
)
from tests.faults.site.fault_injection import to_environment

_KINDS = {"worker": 0.5, "raylet": 0.25, "driver": 0.25}
_RAYLET_AWAY_SECONDS = 4.0
_NUM_CELLS = 8
_MAX_SECONDS = 3600.0


@dataclass
class Launches:
    """The driver of one sweep, started again as often as need be."""

    cluster: Cluster
    space: Path
    folder: Path
    num_launches: int = 0
    exit_statuses: list[int] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        """Run the sweep, or resume it once it is planned; trials whose workers died each time are run again, too."""
        command: tuple[object, ...] = ("run", self.space, "--out", self.folder)
        if any((self.folder / "plan").glob("[!.]*.parquet")):
            command = ("resume", self.folder, "--rerun", "infra")
        self.num_launches += 1
        arguments = (*command, "--address", self.cluster.address, "--format", "json")
        return start_xlt("sweep", *arguments, log=self._log, **self.cluster.environment)

    def complain(self) -> None:
        """Print how the log of a launch ends that was not killed and did not finish the sweep."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        print(f"launch {self.num_launches} ended:", *lines[-12:], sep="\n    ", flush=True)

    @property
    def _log(self) -> Path:
        return self.folder.with_suffix(f".{self.num_launches}.log")


@dataclass
class Chaos:
    """Kills at random, by a seeded generator, and mends what does not mend itself."""

    launches: Launches
    seconds_between: float
    random: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def run(self) -> float:
        """Run the sweep to its end; give the seconds."""
        began = time.monotonic()
        driver = self.launches.start()
        next_kill = began + self._pause()
        raylet_back: tuple[float, int] | None = None
        while (now := time.monotonic()) < began + _MAX_SECONDS:
            if driver.poll() is not None:
                self.launches.exit_statuses.append(driver.returncode)
                if driver.returncode not in (0, -signal.SIGKILL):
                    self.launches.complain()
                if driver.returncode == 0:
                    return now - began
                driver = self.launches.start()
            if raylet_back is None:  # a busy machine may miss the heartbeats of a node that is well
                gone = [n for n in (1, 2) if self.launches.cluster.nodes[n].process.poll() is not None]
                raylet_back = (now + _RAYLET_AWAY_SECONDS, gone[0]) if gone else None
            if raylet_back is not None and now >= raylet_back[0]:
                number = raylet_back[1]
                self.launches.cluster.nodes[number].kill()
                self.launches.cluster.start(number)
                raylet_back = None
            if now >= next_kill:
                kind = self.random.choices(list(_KINDS), list(_KINDS.values()))[0]
                if kind == "driver":
                    driver.kill()
                    driver.wait()
                    self.kills[kind] += 1
                elif kind == "raylet" and raylet_back is None:
                    number = self.random.choice([1, 2])
                    self.kills[kind] += self._kill_raylet(number)
                    raylet_back = (now + _RAYLET_AWAY_SECONDS, number)
                else:
                    self.kills["worker"] += self._kill_worker()
                next_kill = time.monotonic() + self._pause()
            time.sleep(0.1)
        driver.kill()
        raise SystemExit(f"the sweep did not end within {_MAX_SECONDS:g} s; kills so far: {dict(self.kills)}")

    def _pause(self) -> float:
        return self.seconds_between * self.random.uniform(0.5, 1.5)

    def _kill_raylet(self, number: int) -> bool:
        with suppress(psutil.NoSuchProcess, StopIteration):
            self.launches.cluster.nodes[number].raylet().kill()
            return True
        return False

    def _kill_worker(self) -> bool:
        workers = [one for number in (1, 2) for one in self.launches.cluster.nodes[number].workers()]
        with suppress(psutil.NoSuchProcess, IndexError):
            self.random.choice(workers).kill()
            return True
        return False


def make_space(folder: Path, num_trials: int, num_steps: int) -> Path:
    """Four magnitudes with and without an intermediate stage, as often as it takes."""
    magnitudes = {"target.perturbation.magnitude": [0.0, 0.3, 0.6, 1.0]}
    plain = json.loads(write_space(folder).read_text(encoding="utf-8"))
    return write_space(
        folder,
        num_steps=num_steps,
        name="chaos",
        axes={**magnitudes, **plain["axes"]},
        baseline={"target.perturbation.magnitude": 0.0, "intermediate": "none"},
        seeds=max(1, num_trials // _NUM_CELLS),
    )


def count_differences(found: dict[str, list[dict[str, Any]]], expected: dict[str, list[dict[str, Any]]]) -> int:
    """Rows of all tables that are in one store and not, or not so, in the other."""
    num_differing = 0
    for table in expected:
        counts = [
            Counter(json.dumps(row, sort_keys=True, default=str) for row in one[table]) for one in (found, expected)
        ]
        num_differing += ((counts[0] - counts[1]) + (counts[1] - counts[0])).total()
    return num_differing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num-trials", type=int, default=200)
    parser.add_argument("--seconds-between", type=float, default=6.0, help="kills, on average")
    parser.add_argument("--num-steps", type=int, default=40, help="of a trial's training")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory(prefix="xlt-chaos-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        space = make_space(folder, asked.num_trials, asked.num_steps)
        steps, seconds = {}, {}
        kills: Counter[str] = Counter()
        for name in ("alone", "chaos"):
            steps[name] = folder / f"{name}.steps"
            noted = to_environment([checkpoint_every(10), steps_noted(steps[name])])
            with running_cluster(2, noted) as cluster:
                launches = Launches(cluster, space, folder / name)
                pause = asked.seconds_between if name == "chaos" else float("inf")
                chaos = Chaos(launches, pause, random.Random(asked.seed))
                seconds[name] = chaos.run()
            kills.update(chaos.kills)
        num_steps = {name: len(path.read_bytes().splitlines()) for name, path in steps.items()}
        num_differing = count_differences(contents(folder / "chaos"), contents(folder / "alone"))
        rows = trial_rows(folder / "chaos")
        again = num_steps["chaos"] - num_steps["alone"]
        print(f"trials                 {len(rows)}, by status {dict(Counter(row['status'] for row in rows.values()))}")
        print(f"kills                  {kills.total()}: " + ", ".join(f"{n} {kind}s" for kind, n in kills.items()))
        print(f"launches               {launches.num_launches}, exit statuses {launches.exit_statuses}")
        print(f"steps, left alone      {num_steps['alone']}")
        print(f"steps done again       {again} ({100 * again / num_steps['alone']:.1f} %)")
        print(f"left-over files        {', '.join(find_litter(folder / 'chaos')) or 'none'}")
        print(f"rows that differ       {num_differing} (target 0: {'met' if num_differing == 0 else 'missed'})")
        print(
            f"wall time              {seconds['chaos']:.0f} s, left alone {seconds['alone']:.0f} s: "
            f"{seconds['chaos'] / seconds['alone']:.2f} of it"
        )
        if num_differing:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
