"""Whether trials that share a GPU fit into its memory together, measured before any of them runs.

In: planned trials, and what each takes. Out: for each request that is a share of a GPU, the share of the device's
memory that one process may take; or an error with the numbers. Light: the measuring itself is a task on a node.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from search_spaces.resources import Resources
from sweeps.planning.plan import PlannedTrial
from xlt_core.errors import XltError
from xlt_core.plan import TrialPlan
from xlt_core.spec import TrialSpec

MAX_PROBES = 6
"""Trials that are measured for one request, a few steps each."""
_WAIT_SECONDS = 900.0
_GB = 1e9


@dataclass(frozen=True, kw_only=True)
class MemoryUse:
    """What one trial takes of a device when it has it to itself."""

    peak_bytes: int
    """By the allocator, at most."""
    overhead_bytes: int
    """Of the driver's context and libraries, besides."""
    device_bytes: int
    """All that the device has."""


Measure = Callable[[Resources, Sequence[TrialPlan]], Sequence[MemoryUse | None]]
"""Measures trials one after the other on a device like those that the request gets; none where there is no device."""


def calibrate(
    trials: Iterable[PlannedTrial], request_of: Callable[[TrialSpec], Resources], measure: Measure | None = None
) -> dict[str, float]:
    """Give each request's share of a device's memory, for requests that are a share of a GPU.

    Args:
        trials: to be run.
        request_of: gives what a trial takes.
        measure: runs a few steps of each of the plans it is given; none given: as a task of the Ray that is joined.

    Returns:
        By the request's JSON: the share that the allocator may take, which leaves room for what is not the allocator's.

    Raises:
        XltError: the target stage of a trial needs more than its share of the device. A stage before it that does is
            met by the allocator's cap, and takes smaller micro-batches.
    """
    measure = measure or measure_on_ray
    by_request: dict[Resources, list[PlannedTrial]] = {}
    for trial in trials:
        request = request_of(trial.plan.spec)
        if 0 < request.gpu < 1:
            by_request.setdefault(request, []).append(trial)
    fractions: dict[str, float] = {}
    for request, group in by_request.items():
        chosen = most_demanding(group, MAX_PROBES)
        uses = measure(request, [trial.plan for trial in chosen])
        measured = [(trial, use) for trial, use in zip(chosen, uses, strict=True) if use is not None]
        for trial, use in measured:
            _check_fits(trial, request, use)
        if measured:
            share = min(request.gpu - use.overhead_bytes / use.device_bytes for _, use in measured)
            fractions[request.model_dump_json()] = share
    return fractions


def most_demanding(trials: Sequence[PlannedTrial], most: int) -> list[PlannedTrial]:
    """Choose trials that differ in what decides their memory, those with the most tokens a step first."""
    distinct: dict[tuple[object, ...], PlannedTrial] = {}
    for trial in trials:
        distinct.setdefault(_profile(trial.plan.spec), trial)
    return [distinct[key] for key in sorted(distinct, key=lambda key: key[0], reverse=True)][:most]  # type: ignore[arg-type, return-value]


def _profile(spec: TrialSpec) -> tuple[object, ...]:
    """Tokens of a step of the target stage, then what else decides how much memory it takes."""
    target = spec.target
    batch_size = (target.optim or spec.optim).batch_size
    what = (spec.encoder.source, target.task, target.perturbation.method, target.perturbation.site)
    return (batch_size * spec.model.max_length, *what)


def _check_fits(trial: PlannedTrial, request: Resources, use: MemoryUse) -> None:
    share = request.gpu * use.device_bytes
    needed = use.peak_bytes + use.overhead_bytes
    if needed <= share:
        return
    fitting = needed / use.device_bytes
    at_most = int(1 / fitting) if fitting <= 1 else 0
    advice = (
        f"give each at least {1 / at_most:.2g} of a GPU (--set resources.gpu={1 / at_most:.2g}), or take"
        if at_most
        else "not even a whole one is enough: take"
    )
    raise XltError(
        f"trial '{trial.title}' does not fit into its share of a GPU: it takes {use.peak_bytes / _GB:.1f} GB at its "
        f"peak and {use.overhead_bytes / _GB:.1f} GB besides, and gpu {request.gpu:g} is {share / _GB:.1f} GB of "
        f"{use.device_bytes / _GB:.1f} GB; {advice} fewer examples at a time (--set resources.micro_batch_size=8)"
    )


def measure_on_ray(request: Resources, plans: Sequence[TrialPlan]) -> Sequence[MemoryUse | None]:
    """Measure in one process that has a whole GPU, on a node that the request may run on.

    Raises:
        XltError: no GPU came free, or a trial cannot take a step.
    """
    import ray

    task = ray.remote(max_calls=1)(_measure_here).options(  # no unit gets a process that has seen another device
        num_gpus=1, num_cpus=0, resources=dict(request.custom), label_selector=dict(request.labels), max_retries=0
    )
    asked = task.remote([plan.model_dump_json() for plan in plans], max(1, int(request.cpu)), request.micro_batch_size)
    try:
        uses: list[MemoryUse | None] = ray.get(asked, timeout=_WAIT_SECONDS)
    except ray.exceptions.GetTimeoutError as error:
        ray.cancel(asked, force=True)
        raise XltError(
            f"no whole GPU came free within {_WAIT_SECONDS:.0f} s to measure what a trial takes of it; is the cluster "
            "busy with something else? Whole GPUs (--set resources.gpu=1) need no measuring"
        ) from error
    except ray.exceptions.RayError as error:
        raise XltError(f"a trial that was to be measured on a GPU failed: {_last_line(error)}") from error
    return uses


def _measure_here(plans: Sequence[str], num_threads: int, micro_batch_size: int | None) -> list[MemoryUse | None]:
    """The task: a few steps of each plan, in a folder that is gone afterwards."""
    import tempfile
    from pathlib import Path

    import torch

    from xlt_core.probe import probe_trial
    from xlt_core.workspace import Workspace

    if not torch.cuda.is_available():  # Ray counts GPUs as it is told
        return [None] * len(plans)
    uses: list[MemoryUse | None] = []
    with tempfile.TemporaryDirectory(prefix="xlt-probe-") as folder:
        workspace = Workspace(root=Path(folder), num_threads=num_threads, micro_batch_size=micro_batch_size)
        for plan in plans:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            probe = probe_trial(TrialPlan.model_validate_json(plan), workspace)
            free, total = torch.cuda.mem_get_info()
            overhead = max(0, total - free - torch.cuda.memory_reserved())
            uses.append(MemoryUse(peak_bytes=probe.peak_bytes, overhead_bytes=overhead, device_bytes=total))
    return uses


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
