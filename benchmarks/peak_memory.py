"""Peak memory of a trial's training, ours beside `transformers.Trainer`'s, and what it is made of.

The shape of xlm-roberta-base with random weights, pairs with XNLI's lengths; each side in a process of its own.
On a CPU the resident memory beyond that of the process before the trial, on CUDA what torch has allocated.
Usage: python -m benchmarks.peak_memory [--shape large --length 128] [--device cuda] [--only ours]
"""

import argparse
import gc
import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import torch
import transformers
from torch import Tensor, nn

from benchmarks.contestants import (
    SHAPES,
    XLMR_VOCABULARY,
    OnStep,
    Setting,
    draw_setting,
    quiet_transformers,
    save_random_encoder,
    time_ours,
    time_trainer,
)
from xlt_core.memory import reset_peak

TARGET_SHARE = 0.5
SIDES = ("ours", "trainer")
_STATUS = Path("/proc/self/status")
_GIGABYTE = 1e9


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """Bytes of one side."""

    whole: int
    """From loading the encoder to the last step."""
    steady: int
    """From the second step on."""
    weights: int
    gradients: int
    others: int
    """Tensors that live between two steps beside those: moments above all."""
    seconds_a_step: float


@dataclass(kw_only=True)
class SavedTensors:
    """What one step keeps for its backward pass, by the modules that keep it."""

    num_bytes: Counter[str] = field(default_factory=Counter)
    _seen: set[int] = field(default_factory=set)
    _inside: list[str] = field(default_factory=list)

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Look at all forward passes."""
        enter = nn.modules.module.register_module_forward_pre_hook(self._enter)
        leave = nn.modules.module.register_module_forward_hook(self._leave)
        try:
            with torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor):
                yield
        finally:
            enter.remove()
            leave.remove()

    def _enter(self, module: nn.Module, _: object) -> None:
        self._inside.append(type(module).__name__)
        self._seen |= {parameter.untyped_storage().data_ptr() for parameter in module.parameters(recurse=False)}

    def _leave(self, *_: object) -> None:
        self._inside.pop()

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._seen:
            self._seen.add(storage.data_ptr())
            place = " > ".join(self._inside[-2:]).replace("XLMRoberta", "")
            self.num_bytes[f"{place} ({str(tensor.dtype).removeprefix('torch.')})"] += storage.nbytes()
        return tensor.detach()


def train_side(side: str, setting: Setting, on_step: OnStep | None = None) -> float:
    """Train; give the seconds."""
    if side == "ours":
        return time_ours(setting, 0, on_step=on_step)
    return time_trainer(setting, "random", 0, on_step=on_step)


def measure_peaks(side: str, setting: Setting, num_threads: int) -> Peaks:
    """Train in this process, which has done nothing before."""
    _prepare_process(num_threads)
    whole, found = 0, Counter[str]()
    _reset(setting.device)
    before = _read_peak(setting.device)

    def on_step(num_steps_taken: int) -> None:
        nonlocal whole
        if num_steps_taken == 1:
            whole = _read_peak(setting.device)
            found.update(_measure_tensors(setting.device))
            _reset(setting.device)

    seconds = train_side(side, setting, on_step)
    steady = _read_peak(setting.device)
    return Peaks(
        whole=max(whole, steady) - before,
        steady=steady - before,
        weights=found["weights"],
        gradients=found["gradients"],
        others=found["others"],
        seconds_a_step=seconds / setting.num_steps,
    )


def account_saved(side: str, setting: Setting, num_threads: int) -> Counter[str]:
    """What the backward pass of one step needs; in a process of its own, since looking takes memory."""
    _prepare_process(num_threads)
    saved = SavedTensors()
    with saved.watch():
        train_side(side, replace(setting, num_steps=1))
    return saved.num_bytes


def _prepare_process(num_threads: int) -> None:
    """Have everything imported that a side imports, so that it is not counted as the trial's."""
    torch.set_num_threads(num_threads)
    quiet_transformers()
    assert transformers.Trainer is not None, "imported when it is asked for"


def _reset(device: str) -> None:
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    reset_peak()


def _read_peak(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    (line,) = (line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def _measure_tensors(device: str) -> Counter[str]:
    """Bytes of the tensors on the device between two steps, each storage once."""
    tensors = [thing for thing in gc.get_objects() if issubclass(type(thing), Tensor)]
    tensors = [tensor for tensor in tensors if tensor.device.type == device]
    weights = [tensor for tensor in tensors if isinstance(tensor, nn.Parameter)]
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    seen: set[int] = set()
    found = Counter[str]()
    for kind, members in (("weights", weights), ("gradients", gradients), ("others", tensors)):
        for tensor in members:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in seen:
                seen.add(storage.data_ptr())
                found[kind] += storage.nbytes()
    return found


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="base")
    parser.add_argument("--vocabulary", type=int, default=XLMR_VOCABULARY, help="rows of the word embeddings")
    parser.add_argument("--words", type=int, default=30_000, help="of them occur in the training data")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, help="tokens of every pair; not given: as XNLI's vary")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--only", choices=SIDES, help="one side alone")
    parser.add_argument("--no-account", dest="account", action="store_false", help="leave out what the backward keeps")
    return parser.parse_args(arguments)


def describe(side: str, peaks: Peaks, saved: Counter[str] | None) -> None:
    """Print one side."""
    print(
        f"{side}: {peaks.steady / _GIGABYTE:.2f} GB at the steps' peak, {peaks.whole / _GIGABYTE:.2f} GB of the whole"
    )
    parts = {
        "weights": peaks.weights,
        "gradients": peaks.gradients,
        "moments and other tensors between steps": peaks.others,
    }
    if saved is not None:
        parts["kept for the backward pass"] = saved.total()
        parts["neither (below 0: not all of these at one time)"] = peaks.steady - sum(parts.values())
    for name, size in parts.items():
        print(f"  {size / _GIGABYTE:6.2f} GB  {name}")
    for name, size in saved.most_common(12) if saved is not None else ():
        print(f"    {size / _GIGABYTE:6.2f} GB  {name}")
    print(f"  {peaks.seconds_a_step:.2f} s a step", flush=True)


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure both sides one after the other; print, and give what was found."""
    peaks: dict[str, Peaks] = {}
    with tempfile.TemporaryDirectory() as place, _fresh_processes() as processes:
        folder = Path(place)
        options = {"vocabulary": arguments.vocabulary, "dropout": arguments.dropout}
        processes.submit(_save_encoder, folder, arguments.shape, **options).result()
        setting = draw_setting(arguments, folder)
        for side in (arguments.only,) if arguments.only else SIDES:
            peaks[side] = processes.submit(measure_peaks, side, setting, arguments.threads).result()
            account = processes.submit(account_saved, side, setting, arguments.threads) if arguments.account else None
            describe(side, peaks[side], account.result() if account else None)
    if arguments.only is None:
        share = peaks["ours"].steady / peaks["trainer"].steady
        whole = peaks["ours"].whole / peaks["trainer"].whole
        print(f"ours / trainer: {share:.2f} at the steps' peak, {whole:.2f} of the whole; target {TARGET_SHARE}")
    return {side: found.__dict__ for side, found in peaks.items()}


def _save_encoder(folder: Path, shape: str, vocabulary: int, dropout: float) -> None:
    quiet_transformers()
    save_random_encoder(folder, shape, vocabulary=vocabulary, dropout=dropout)


def _fresh_processes() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)


def main() -> None:
    arguments = parse_arguments()
    free = psutil.virtual_memory().available / _GIGABYTE
    print(
        f"{arguments.shape} shape, {arguments.vocabulary} rows, {arguments.words} words, batch {arguments.batch}, "
        f"length {arguments.length or 'as XNLI'}, {arguments.device}, torch {torch.__version__}; {free:.1f} GB free"
    )
    compare(arguments)


if __name__ == "__main__":
    main()
