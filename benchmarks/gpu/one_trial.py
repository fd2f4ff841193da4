"""One trial on a GPU against `transformers.Trainer` in bfloat16: examples a second, and what our loop waits for.

The shape of xlm-roberta-base, random weights, batch of 32, XNLI's lengths; sides take turns in one process. Then steps
of ours are watched for synchronisations between host and device. Usage: python -m benchmarks.gpu.one_trial
"""

import argparse
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch

from benchmarks.contestants import Setting, StepClock, time_ours, time_trainer
from benchmarks.gpu.report import add_options, make_setting, read_options, write_report

TARGET_RATIO = 2.5
SAMPLINGS = {"trainer, random batches": "random", "trainer, grouped by length": "group_by_length"}
_NUM_WATCHED = 40


def measure_rate(name: str, setting: Setting, num_warmup: int, seed: int) -> float:
    """Examples a second after the warm-up."""
    clock = StepClock(setting=setting, num_warmup=num_warmup)
    if name == "ours":
        time_ours(setting, seed, on_step=clock)
    else:
        time_trainer(setting, SAMPLINGS[name], seed, on_step=clock)
    return setting.optim.batch_size / clock.seconds_a_step


def count_waits(setting: Setting, num_warmup: int) -> dict[str, int]:
    """Synchronisations of ours after the warm-up, by the line of Python that asks for them."""
    watched = replace(setting, num_steps=num_warmup + _NUM_WATCHED)

    def on_step(num_steps_taken: int) -> None:
        if num_steps_taken == num_warmup:
            torch.cuda.set_sync_debug_mode("warn")
        elif num_steps_taken == watched.num_steps - 1:  # the last step ends with a look at its log
            torch.cuda.set_sync_debug_mode("default")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        time_ours(watched, 0, on_step=on_step)
    found: dict[str, int] = {}
    for warning in caught:
        if "synchroniz" in str(warning.message):
            place = f"{Path(warning.filename).name}:{warning.lineno}"
            found[place] = found.get(place, 0) + 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, steps=110)
    parser.add_argument("--rounds", type=int, default=3)
    options = read_options(parser)
    names = ("ours", *SAMPLINGS)
    rates: dict[str, list[float]] = {name: [] for name in names}
    waits: dict[str, int] | None = None
    with tempfile.TemporaryDirectory() as folder:
        setting = make_setting(options, Path(folder))
        for number in range(options.rounds):
            for name in names:
                rates[name].append(measure_rate(name, setting, options.warmup, number))
            print(f"round {number + 1}: " + ", ".join(f"{name} {rates[name][-1]:.1f}/s" for name in names), flush=True)
        if options.device == "cuda":
            waits = count_waits(setting, options.warmup)
    for name in SAMPLINGS:
        ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates[name], strict=True)]
        target = f", target {TARGET_RATIO}" if SAMPLINGS[name] == "random" else ""
        print(f"ours / {name}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}){target}")
    if waits is not None:
        print(f"the host waited for the device {sum(waits.values())} times in {_NUM_WATCHED - 1} steps: {waits}")
    write_report(options, {"examples_per_second": rates, "waits": waits, "num_watched_steps": _NUM_WATCHED - 1})


if __name__ == "__main__":
    main()
