"""Examples a second: this repository's training loop against `transformers.Trainer`.

Same model, examples, batch size, steps, dropout and numerics (float32 on a CPU); runs take turns in one process.
In: optionally a folder with a tokenizer and a tsv of sentence pairs. Out: a table, and the ratios.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
import transformers

from benchmarks.contestants import CLOCKS, Setting, quiet_transformers, save_random_encoder, time_ours, time_trainer
from benchmarks.pairs import LONGEST, build_tokenizer, draw_labels, draw_pairs
from xlt_core.spec import OptimSpec

SAMPLINGS = {"trainer, random batches": "random", "trainer, grouped by length": "group_by_length"}


def read_pairs(path: Path, tokenizer: transformers.PreTrainedTokenizerBase, num_examples: int) -> list[list[int]]:
    """Token ids of randomly chosen pairs of a tsv whose first columns are two sentences."""
    lines = path.read_text(encoding="utf-8").splitlines()
    chosen = np.random.default_rng(0).choice(len(lines), num_examples, replace=num_examples > len(lines))
    rows = [lines[index].split("\t") for index in chosen]
    encoded = tokenizer([row[0] for row in rows], [row[1] for row in rows], truncation=True, max_length=LONGEST)
    sequences: list[list[int]] = encoded["input_ids"]
    return sequences


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, help="tsv whose first two columns are sentences; none: random tokens")
    parser.add_argument("--tokenizer", type=Path, help="folder of the tokenizer that cuts them")
    parser.add_argument("--vocabulary", type=int, default=16_000, help="rows of the word embeddings (default 16000)")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: on a busy machine, with --threads 1")
    parser.add_argument("--only", choices=["ours", "trainer"], help="run one side alone, to profile it")
    arguments = parser.parse_args()
    if (arguments.pairs is None) != (arguments.tokenizer is None):
        parser.error("--pairs and --tokenizer go together")
    return arguments


def build_setting(arguments: argparse.Namespace, folder: Path) -> Setting:
    """Make the encoder folder and the examples: exactly one epoch, so that all see the same examples."""
    num_examples = arguments.steps * arguments.batch
    if arguments.pairs is None:
        tokenizer = build_tokenizer(arguments.vocabulary - 5)
        sequences = draw_pairs(arguments.vocabulary - 5, num_examples)
    else:
        tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.tokenizer)
        sequences = read_pairs(arguments.pairs, tokenizer, num_examples)
    save_random_encoder(
        folder, "small", vocabulary=arguments.vocabulary, dropout=arguments.dropout, tokenizer=tokenizer
    )
    return Setting(
        folder=folder,
        sequences=sequences,
        labels=draw_labels(num_examples),
        optim=OptimSpec(batch_size=arguments.batch),
        num_steps=arguments.steps,
        dropout=arguments.dropout,
        clock=CLOCKS[arguments.clock],
    )


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    quiet_transformers()
    contestants: dict[str, Callable[[Setting, int], float]] = {"ours": time_ours}
    for name, sampling in SAMPLINGS.items():
        contestants[name] = lambda setting, seed, sampling=sampling: time_trainer(setting, sampling, seed)
    contestants = {name: run for name, run in contestants.items() if name.startswith(arguments.only or "")}
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        setting = build_setting(arguments, Path(folder))
        lengths = [len(sequence) for sequence in setting.sequences]
        num_examples = len(lengths)
        print(
            f"{num_examples} pairs, {np.mean(lengths):.1f} tokens on average; 4 layers, width 256, vocabulary "
            f"{arguments.vocabulary}, batch {arguments.batch}, dropout {arguments.dropout}, "
            f"{arguments.threads} threads, {arguments.clock} time, "
            f"torch {torch.__version__}, transformers {transformers.__version__}"
        )
        for number in range(arguments.rounds):
            for name, run in contestants.items():
                rates[name].append(num_examples / run(setting, number))
            print(f"round {number + 1}: " + ", ".join(f"{name} {rates[name][-1]:.1f}/s" for name in rates), flush=True)
    for name in contestants:
        print(f"{name}: {median(rates[name]):.1f} examples/s (median of {arguments.rounds})")
        if name != "ours" and "ours" in rates:
            ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates[name], strict=True)]
            print(f"  ours / {name}: {median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
