"""How many models there is room for. In: the fine-tuning of one of them. Out: a number of models like it.

An estimate that keeps an array from being begun which could not fit; what is computed is measured (`width`), too.
"""

import os
from pathlib import Path

import torch

from xlt_core.finetune import FineTuning

_COPIES = 6
"""Of a model's bytes, a trial takes so many: weights, gradients, two moments, and two for activations and copying."""
_SHARE = 0.5
"""Of free memory that an array may be planned for."""
_MEMINFO = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")
"""Where Linux says what the processes of a container may take together (version 2 of its control groups)."""


def count_models_that_fit(tuning: FineTuning) -> int:
    """At least 1, whatever is free; as many as one likes where nobody says what is.

    On a CPU a process is planned for the share of the memory that it has of the cores: others take theirs.
    """
    num_bytes = sum(parameter.numel() * parameter.element_size() for parameter in tuning.module.parameters())
    free = measure_free_bytes(tuning.device)
    share = _SHARE if tuning.device.type == "cuda" else _SHARE * min(1.0, torch.get_num_threads() / _count_cores())
    return 1_000_000 if free is None else max(1, int(share * free / (_COPIES * num_bytes)))


def measure_free_bytes(device: torch.device) -> int | None:
    """Memory that could be taken now, in bytes; none where the system does not say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    known = [free for free in (_read_machine(), _read_container()) if free is not None]
    return min(known, default=None)


def _count_cores() -> int:
    """That this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read_machine() -> int | None:
    if not _MEMINFO.is_file():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    return 1024 * int(lines["MemAvailable"].split()[0])


def _read_container() -> int | None:
    """What its limit leaves; what of files can be dropped counts as free. None where there is no limit."""
    try:
        limit = (_CONTAINER / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CONTAINER / "memory.current").read_text(encoding="ascii"))
        counts = dict(line.split() for line in (_CONTAINER / "memory.stat").read_text(encoding="ascii").splitlines())
    except OSError:
        return None
    return None if limit == "max" else max(0, int(limit) - used + int(counts["inactive_file"]))
