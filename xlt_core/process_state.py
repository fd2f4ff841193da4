"""Global state of a process that runs many trials: reset before each, so that none sees what another left behind."""

import platform
import random
from importlib.metadata import version

import numpy as np
import torch
from transformers.utils import logging as transformers_logging

from xlt_core.errors import XltError
from xlt_core.memory import cap_memory, free_memory, reset_peak

_VERSIONED = ("torch", "transformers", "tokenizers", "datasets", "numpy")


def reset_process_state(num_threads: int, memory_fraction: float | None = None) -> None:
    """Give every trial the same start: generators, threads, default types, determinism flags, chatter, memory.

    Args:
        num_threads: of the CPU, for torch.
        memory_fraction: of a GPU's memory that this process may take; none: all.
    """
    torch.set_num_threads(num_threads)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.set_float32_matmul_precision("highest")
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  libraries that draw from the global generator must not see another trial's
    free_memory()
    cap_memory(memory_fraction)
    reset_peak()


def select_device(name: str) -> torch.device:
    """Resolve `auto` to CUDA where there is one.

    Raises:
        XltError: CUDA was asked for and is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise XltError(f"device '{name}' was asked for, but torch {torch.__version__} sees no CUDA GPU; use 'cpu'")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """A name for a results row, such as `cpu` or `NVIDIA H200`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def list_versions() -> tuple[tuple[str, str], ...]:
    """Versions of what computed a result, sorted by name."""
    libraries = [(name, version(name)) for name in _VERSIONED]
    return tuple(sorted([*libraries, ("python", platform.python_version()), ("xlt-sweeps", version("xlt-sweeps"))]))
