"""How many models there is room for. In: the fine-tuning of one of them. Out: a number of models like it.

An estimate that keeps an array from being begun which could not fit; what is computed is measured (`width`), too.
"""

from pathlib import Path

import torch

from xlt_core.finetune import FineTuning

_COPIES = 6
"""Of a model's bytes, a trial takes so many: weights, gradients, two moments, and two for activations and copying."""
_SHARE = 0.5
"""Of free memory that an array may be planned for; on a CPU other workers take their part of the rest."""
_MEMINFO = Path("/proc/meminfo")


def count_models_that_fit(tuning: FineTuning) -> int:
    """At least 1, whatever is free; as many as one likes where nobody says what is."""
    num_bytes = sum(parameter.numel() * parameter.element_size() for parameter in tuning.module.parameters())
    free = measure_free_bytes(tuning.device)
    return 1_000_000 if free is None else max(1, int(_SHARE * free / (_COPIES * num_bytes)))


def measure_free_bytes(device: torch.device) -> int | None:
    """Memory that could be taken now, in bytes; none where the system does not say."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free)
    if not _MEMINFO.is_file():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    return 1024 * int(lines["MemAvailable"].split()[0])
