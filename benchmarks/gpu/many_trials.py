"""A sweep of 16 magnitudes on one GPU: our array against as many Trainer processes at a time as serve it best.

One trial a process, 1, 2, 4 and 8 processes at a time, which begin to be measured together. They are plain processes in
place of Ray Tune's: what Tune itself adds is not counted against it. Usage: python -m benchmarks.gpu.many_trials
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import torch

from benchmarks.contestants import Setting, StepClock, quiet_transformers, time_array, time_trainer
from benchmarks.gpu.report import add_options, make_setting, read_options, write_report

TARGET_RATIO = 6.0
_PATIENCE_SECONDS = 150.0


@dataclass(frozen=True, kw_only=True)
class Packing:
    """So many trials at a time."""

    num_at_a_time: int
    seconds_a_step: float
    """Of each of them, all at work."""
    start_seconds: float
    """From a new process to the end of its warm-up: imports, the device's context, loading."""

    def sweep_seconds(self, num_trials: int, num_steps: int) -> float:
        """What a sweep takes, in rounds of so many."""
        rounds = -(-num_trials // self.num_at_a_time)
        return rounds * (self.start_seconds + num_steps * self.seconds_a_step)


class _Together:
    """Lets all processes leave their warm-up at the same moment; `on_step` of a training."""

    def __init__(self, clock: StepClock, barrier: Barrier) -> None:
        self._clock = clock
        self._barrier = barrier
        self.ready_at = 0.0

    def __call__(self, num_steps_taken: int) -> None:
        if num_steps_taken == self._clock.num_warmup:
            self._clock.setting.read_clock()
            self.ready_at = time.time()
            self._barrier.wait(_PATIENCE_SECONDS)
        self._clock(num_steps_taken)


def train_apart(
    setting: Setting, magnitude: float, num_warmup: int, num_threads: int, barrier: Barrier, found: "Queue[object]"
) -> None:
    """One Trainer, in a process of its own; leaves when it was ready and its seconds a step, or what went wrong."""
    quiet_transformers()
    torch.set_num_threads(num_threads)
    try:
        together = _Together(StepClock(setting=setting, num_warmup=num_warmup), barrier)
        time_trainer(setting, "random", 0, magnitude=magnitude, on_step=together)
        found.put((together.ready_at, together._clock.seconds_a_step))
    except Exception as error:
        barrier.abort()
        found.put(f"{type(error).__name__}: {str(error).splitlines()[0]}")


def measure_packing(setting: Setting, magnitudes: Sequence[float], num_warmup: int) -> Packing | str:
    """Train one trial of each magnitude, all at one time; the reason where they cannot be."""
    number = len(magnitudes)
    spawning = multiprocessing.get_context("spawn")
    barrier, found = spawning.Barrier(number), spawning.Queue()
    num_threads = max(1, torch.get_num_threads() // number)
    started = time.time()
    processes = [
        spawning.Process(target=train_apart, args=(setting, magnitude, num_warmup, num_threads, barrier, found))
        for magnitude in magnitudes
    ]
    for process in processes:
        process.start()
    answers = [found.get(timeout=2 * _PATIENCE_SECONDS) for _ in processes]
    for process in processes:
        process.join()
    failures = [answer for answer in answers if isinstance(answer, str)]
    if failures:
        return failures[0]
    return Packing(
        num_at_a_time=number,
        seconds_a_step=sum(seconds for _, seconds in answers) / number,
        start_seconds=max(ready_at for ready_at, _ in answers) - started,
    )


def measure_array(setting: Setting, magnitudes: Sequence[float], num_warmup: int) -> Packing:
    """Train all in one array, in a new process as well."""
    spawning = multiprocessing.get_context("spawn")
    found = spawning.Queue()
    process = spawning.Process(target=train_array_apart, args=(setting, tuple(magnitudes), num_warmup, found))
    started = time.time()
    process.start()
    answer = found.get(timeout=2 * _PATIENCE_SECONDS)
    process.join()
    if isinstance(answer, str):
        raise SystemExit(f"the array of {len(magnitudes)} failed: {answer}")
    ready_at, seconds = answer
    return Packing(num_at_a_time=len(magnitudes), seconds_a_step=seconds, start_seconds=ready_at - started)


def train_array_apart(setting: Setting, magnitudes: tuple[float, ...], num_warmup: int, found: "Queue[object]") -> None:
    """One array, in a process of its own."""
    quiet_transformers()
    try:
        together = _Together(StepClock(setting=setting, num_warmup=num_warmup), multiprocessing.Barrier(1))
        time_array(setting, magnitudes, on_step=together)
        found.put((together.ready_at, together._clock.seconds_a_step))
    except Exception as error:
        found.put(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=60)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 8, 4], help="of arrays")
    parser.add_argument("--packings", type=int, nargs="+", default=[1, 2, 4, 8], help="Trainer processes at a time")
    parser.add_argument("--trial-steps", type=int, default=2000, help="of a trial of the sweep that is reckoned")
    options = read_options(parser)
    if options.tiny:
        options.trials, options.widths, options.packings = 4, [4, 2], [1, 2]
    magnitudes = [0.05 * (number + 1) for number in range(options.trials)]
    with tempfile.TemporaryDirectory() as folder:
        setting = make_setting(options, Path(folder))
        ours: list[Packing] = []
        for width in options.widths:
            ours.append(measure_array(setting, magnitudes[:width], options.warmup))
            describe("array of", ours[-1], options)
        theirs: list[Packing] = []
        for number in options.packings:
            packing = measure_packing(setting, magnitudes[:number], options.warmup)
            if isinstance(packing, str):
                print(f"{number} Trainer processes: {packing}", flush=True)
                continue
            theirs.append(packing)
            describe("Trainer processes:", packing, options)
    compare(ours, theirs, options)


def describe(kind: str, packing: Packing, options: argparse.Namespace) -> None:
    """Print one way."""
    rate = packing.num_at_a_time * options.batch / packing.seconds_a_step
    print(
        f"{kind} {packing.num_at_a_time}: {rate:.0f} examples/s in all, {1e3 * packing.seconds_a_step:.1f} ms a step, "
        f"{packing.start_seconds:.1f} s until its warm-up is done",
        flush=True,
    )


def compare(ours: Sequence[Packing], theirs: Sequence[Packing], options: argparse.Namespace) -> None:
    """Print both ratios, each with the best of either side, and write the report."""

    def rate(packing: Packing) -> float:
        return packing.num_at_a_time / packing.seconds_a_step

    def seconds(packing: Packing) -> float:
        return packing.sweep_seconds(options.trials, options.trial_steps)

    steady = max(map(rate, ours)) / max(map(rate, theirs))
    sweep = min(map(seconds, theirs)) / min(map(seconds, ours))
    print(f"steady state, examples a second: {steady:.2f} times as many, target {TARGET_RATIO}")
    print(f"{options.trials} trials of {options.trial_steps} steps with every start, reckoned: {sweep:.2f}")
    write_report(
        options,
        {
            "arrays": [vars(packing) for packing in ours],
            "trainer_processes": [vars(packing) for packing in theirs],
            "ratio_steady": steady,
            "ratio_sweep": sweep,
        },
    )


if __name__ == "__main__":
    main()
