"""One step of an array of trials against as many single steps, by width of the array and of the encoder.

Encoders of width 64, 128 (2 layers) and 256 (4 layers), random pairs; both sides take turns in one process, and a
single trial stands for each of those that would be trained one after the other. Usage: python -m benchmarks.array_step
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch
import transformers

from benchmarks.contestants import (
    CLOCKS,
    SHAPES,
    Setting,
    StepClock,
    quiet_transformers,
    save_random_encoder,
    time_array,
    time_ours,
)
from benchmarks.pairs import draw_labels, draw_pairs
from xlt_core.spec import OptimSpec

_NUM_WARMUP = 3


def time_step(setting: Setting, magnitudes: Sequence[float] | None) -> float:
    """Seconds of a step of an array with these magnitudes; none given: of one trial alone."""
    clock = StepClock(setting=setting, num_warmup=_NUM_WARMUP)
    if magnitudes is None:
        time_ours(setting, 0, magnitude=0.1, on_step=clock)
    else:
        time_array(setting, magnitudes, on_step=clock)
    return clock.seconds_a_step


def make_setting(arguments: argparse.Namespace, shape: str, folder: Path) -> Setting:
    """Write the encoder and draw the pairs of all steps."""
    save_random_encoder(folder, shape, vocabulary=arguments.vocabulary, dropout=arguments.dropout)
    num_steps = arguments.steps + _NUM_WARMUP
    num_examples = num_steps * arguments.batch
    return Setting(
        folder=folder,
        sequences=draw_pairs(arguments.vocabulary - 5, num_examples, length=arguments.length),
        labels=draw_labels(num_examples),
        optim=OptimSpec(batch_size=arguments.batch, weight_decay=0.01),
        num_steps=num_steps,
        dropout=arguments.dropout,
        device=arguments.device,
        clock=CLOCKS[arguments.clock],
    )


def compare(arguments: argparse.Namespace, setting: Setting, shape: str) -> None:
    """Print the ratio of each width of the array."""
    alone: list[float] = []
    together: dict[int, list[float]] = {width: [] for width in arguments.widths}
    for _ in range(arguments.rounds):
        alone.append(time_step(setting, None))
        for width, found in together.items():
            found.append(time_step(setting, [0.1 * (number + 1) for number in range(width)]))
    print(f"{shape}: a step alone {1e3 * median(alone):.1f} ms")
    for width, found in together.items():
        ratios = [width * one / joint for one, joint in zip(alone, found, strict=True)]
        print(
            f"  array of {width:2}: {1e3 * median(found):7.1f} ms, {median(ratios):.2f} times as quick "
            f"({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["tiny", "narrow", "small"])
    parser.add_argument("--widths", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="of arrays")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument(
        "--length", type=int, help="tokens of every pair, the embedded world's have about 20; else XNLI's"
    )
    parser.add_argument("--vocabulary", type=int, default=1000)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1, help="of either side; 1, as a trial has in a sweep")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: on a busy machine")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    quiet_transformers()
    print(
        f"batch {arguments.batch}, length {arguments.length or 'as XNLI'}, dropout {arguments.dropout}, "
        f"{arguments.device}, {arguments.threads} threads, {arguments.clock} time, torch {torch.__version__}, "
        f"transformers {transformers.__version__}"
    )
    for shape in arguments.shapes:
        with tempfile.TemporaryDirectory() as folder:
            compare(arguments, make_setting(arguments, shape, Path(folder)), shape)


if __name__ == "__main__":
    main()
