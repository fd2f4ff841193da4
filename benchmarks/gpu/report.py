"""Where and with what a benchmark ran, beside what it found, as JSON; and the options that all of them take."""

import argparse
import json
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.contestants import (
    SHAPES,
    XLMR_VOCABULARY,
    Setting,
    draw_setting,
    quiet_transformers,
    save_random_encoder,
)

_LIBRARIES = ("torch", "transformers", "accelerate", "ray", "numpy", "pydantic")


def add_options(parser: argparse.ArgumentParser, *, steps: int, shape: str = "base") -> None:
    """Add device, sizes, and where the JSON goes."""
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a very small model and few steps: does it run at all?")
    parser.add_argument("--shape", choices=SHAPES, default=shape)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=steps, help="of each training, warm-up included")
    parser.add_argument("--warmup", type=int, default=10, help="steps that are not counted")
    parser.add_argument("--vocabulary", type=int, default=XLMR_VOCABULARY, help="rows of the word embeddings")
    parser.add_argument("--words", type=int, default=30_000, help="of them occur in the training data")
    parser.add_argument("--length", type=int, help="tokens of every pair; not given: as XNLI's vary")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--json", type=Path, help="file for what is found")


def read_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line; `--tiny` makes everything small that was not made so."""
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device here; --device cpu --tiny tries the script without one")
    if options.tiny:
        options.shape, options.batch, options.vocabulary, options.words = "tiny", 8, 2000, 500
        options.steps, options.warmup = min(options.steps, 6), 2
    quiet_transformers()
    print(f"{Path(sys.argv[0]).stem}: {describe_device(options.device)}, torch {torch.__version__}", flush=True)
    return options


def make_setting(options: argparse.Namespace, folder: Path) -> Setting:
    """Write a random encoder and draw pairs enough for every word to occur."""
    save_random_encoder(folder, options.shape, vocabulary=options.vocabulary, dropout=options.dropout)
    return draw_setting(options, folder)


def describe_device(device: str) -> str:
    """Its name."""
    return torch.cuda.get_device_name() if device == "cuda" else f"CPU ({torch.get_num_threads()} threads)"


def write_report(options: argparse.Namespace, found: dict[str, Any]) -> None:
    """Write what was found, beside machine, versions and sizes, if a file was asked for."""
    if options.json is None:
        return
    sizes = {name: value for name, value in vars(options).items() if name != "json"}
    report = {
        "benchmark": Path(sys.argv[0]).stem,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "device": describe_device(options.device),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cuda": torch.version.cuda,
        "versions": {name: _find_version(name) for name in _LIBRARIES},
        "sizes": sizes,
        "found": found,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _find_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
