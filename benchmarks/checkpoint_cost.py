"""What checkpoints cost a training, and what training the vocabulary's rows in use alone leaves to be kept in them.

Three trainings by turns: without checkpoints, with them as they are written (beside training), and with a training that
waits for each. Then sizes, with weight decay on: all rows of the word embeddings against those that occur.
Usage: python -m benchmarks.checkpoint_cost [--encoder FOLDER] [--device cuda] [--steps 60 --every 20 --rounds 1]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.contestants import (
    CLOCKS,
    SHAPES,
    XLMR_VOCABULARY,
    Setting,
    build_model,
    build_tuning,
    quiet_transformers,
    save_random_encoder,
)
from benchmarks.pairs import build_table, draw_labels, draw_pairs
from xlt_core.checkpoints import CheckpointFolder, TrainingState, named_tensors
from xlt_core.encoders.vocabulary import restrict_vocabulary
from xlt_core.spec import OptimSpec
from xlt_core.train import train
from xlt_core.updates import build_optimizer

TARGET_SHARE = 0.02
WAYS = ("without", "beside", "waiting")
_MEGABYTE = 1e6


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What a training has and keeps."""

    num_trained: int
    """Parameters."""
    moment_bytes: int
    checkpoint_bytes: int


class WatchedFolder(CheckpointFolder):
    """Counts the seconds for which training stands still."""

    still_seconds = 0.0

    def save(self, state: TrainingState, *, with_moments: bool = True) -> None:
        """As ever, timed."""
        started = time.perf_counter()
        super().save(state, with_moments=with_moments)
        self.still_seconds += time.perf_counter() - started

    def wait(self) -> None:
        """As ever, timed."""
        started = time.perf_counter()
        super().wait()
        self.still_seconds += time.perf_counter() - started


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One training."""

    seconds: float
    """From the first step until the last checkpoint is written."""
    still_seconds: float
    """Of the wall, of them: copying and waiting for what is being written. Disturbed less by other processes."""


def time_training(setting: Setting, way: str, folder: Path, every: int) -> Timed:
    """Train with checkpoints in one of the ways."""
    model, table = build_model(setting, seed=0), build_table(setting.sequences, setting.labels)
    tuning = build_tuning(setting, model, table, seed=0, magnitude=0.0)
    checkpoints = None if way == "without" else WatchedFolder(folder / "checkpoints", "stage")

    def tell(event: str, **_: Any) -> None:
        if way == "waiting" and event == "checkpoint" and checkpoints is not None:
            checkpoints.wait()

    with restrict_vocabulary(model.encoder, table.input_ids):
        started = setting.read_clock()
        train(tuning, setting.optim, seed=0, checkpoints=checkpoints, checkpoint_every_steps=every, tell=tell)
        seconds = setting.read_clock() - started
    if checkpoints is None:
        return Timed(seconds=seconds, still_seconds=0.0)
    timed = Timed(seconds=seconds, still_seconds=checkpoints.still_seconds)
    checkpoints.clear()
    return timed


def measure_sizes(setting: Setting, *, all_rows: bool) -> Sizes:
    """Count what there is after one step; nothing is computed, since gradients of zero have moments, too."""
    model = build_model(setting, seed=0)
    rows: AbstractContextManager[Any] = nullcontext()
    if not all_rows:
        rows = restrict_vocabulary(model.encoder, np.concatenate(setting.sequences))
    with rows:
        state = TrainingState(module=model, optimizer=build_optimizer(model, setting.optim))
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        state.optimizer.step()
        moments = [value for kinds in state.optimizer.state.values() for value in kinds.values()]
        return Sizes(
            num_trained=sum(parameter.numel() for parameter in model.parameters()),
            moment_bytes=sum(moment.nbytes for moment in moments),
            checkpoint_bytes=sum(tensor.nbytes for _, tensor in named_tensors(state)),
        )


def describe_ratios(timed: dict[str, list[Timed]], num_steps: int) -> None:
    """Print the cost of each way beside training without checkpoints, round by round."""
    bare = [each.seconds for each in timed["without"]]
    print(f"without checkpoints: {median(bare) / num_steps * 1e3:.1f} ms a step")
    for way in WAYS[1:]:
        extra = sorted(100 * (one.seconds / other - 1) for one, other in zip(timed[way], bare, strict=True))
        still = median(100 * one.still_seconds / other for one, other in zip(timed[way], bare, strict=True))
        told = "written beside training" if way == "beside" else "waited for"
        spread = f"({extra[0]:+.1f} to {extra[-1]:+.1f})"
        print(f"{told}: {median(extra):+.1f} % {spread}; training stood still for {still:.2f} % of the time")
    print(f"target: under {100 * TARGET_SHARE:.0f} % when written beside training")


def describe_sizes(whole: Sizes, part: Sizes) -> None:
    """Print both side by side."""
    print("                        all rows   rows in use")
    for name, ours, theirs in (
        ("trained parameters, M", part.num_trained / 1e6, whole.num_trained / 1e6),
        ("moments, MB", part.moment_bytes / _MEGABYTE, whole.moment_bytes / _MEGABYTE),
        ("a checkpoint, MB", part.checkpoint_bytes / _MEGABYTE, whole.checkpoint_bytes / _MEGABYTE),
    ):
        print(f"{name:<22} {theirs:9.1f} {ours:13.1f}  (x {ours / theirs:.2f})")


def build_setting(arguments: argparse.Namespace, folder: Path, *, num_steps: int) -> Setting:
    """Pairs in which all the words occur, spread over the encoder's vocabulary."""
    vocabulary = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    num_words = min(arguments.words, vocabulary - 5)
    num_examples = max(num_steps * arguments.batch, 2 * num_words // 3)
    spread = (vocabulary - 5) // num_words
    sequences = draw_pairs(num_words, num_examples)
    return Setting(
        folder=folder,
        sequences=[[5 + spread * (token - 5) if token >= 5 else token for token in ids] for ids in sequences],
        labels=draw_labels(num_examples),
        optim=OptimSpec(num_steps=num_steps, batch_size=arguments.batch, weight_decay=0.01),
        num_steps=num_steps,
        dropout=0.1,
        device=arguments.device,
        clock=CLOCKS[arguments.clock],
    )


def find_encoder(arguments: argparse.Namespace, shape: str, place: Path) -> Path:
    """The given folder, or one of random weights under XLM-R's vocabulary."""
    if arguments.encoder is not None:
        return Path(arguments.encoder)
    save_random_encoder(place / shape, shape, vocabulary=arguments.vocabulary, dropout=0.1)
    return place / shape


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="folder; not given: random weights in the shapes below")
    parser.add_argument("--shape", choices=SHAPES, default="small", help="that is trained")
    parser.add_argument("--sizes-of", choices=SHAPES, default="base", help="that is counted")
    parser.add_argument("--vocabulary", type=int, default=XLMR_VOCABULARY, help="rows of the word embeddings")
    parser.add_argument("--words", type=int, default=30_000, help="of them occur in the training data")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--every", type=int, default=200, help="steps between two checkpoints")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall", help="cpu: for a busy machine")
    parser.add_argument("--only", choices=["cost", "sizes"], help="one part alone")
    return parser.parse_args(arguments)


def compare_cost(arguments: argparse.Namespace, place: Path) -> dict[str, list[Timed]]:
    """Time every way in every round."""
    setting = build_setting(arguments, find_encoder(arguments, arguments.shape, place), num_steps=arguments.steps)
    timed: dict[str, list[Timed]] = {way: [] for way in WAYS}
    for number in range(arguments.rounds):
        for way in WAYS[number % 3 :] + WAYS[: number % 3]:
            timed[way].append(time_training(setting, way, place, arguments.every))
    describe_ratios(timed, arguments.steps)
    return timed


def compare_sizes(arguments: argparse.Namespace, place: Path) -> None:
    """Print what all rows and what those in use take."""
    setting = build_setting(arguments, find_encoder(arguments, arguments.sizes_of, place), num_steps=1)
    describe_sizes(measure_sizes(setting, all_rows=True), measure_sizes(setting, all_rows=False))


def main() -> None:
    arguments = parse_arguments()
    quiet_transformers()
    torch.set_num_threads(arguments.threads)
    print(
        f"{arguments.encoder or arguments.shape}, {arguments.words} words, batch {arguments.batch}, {arguments.steps} "
        f"steps, a checkpoint every {arguments.every}, {arguments.device}, torch {torch.__version__}"
    )
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only != "sizes":
            compare_cost(arguments, Path(folder))
        if arguments.only != "cost":
            compare_sizes(arguments, Path(folder))


if __name__ == "__main__":
    main()
