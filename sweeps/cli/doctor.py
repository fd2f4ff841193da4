"""`xlt doctor`: what this machine can run. In: the machine. Out: one line a check, or json, on stdout."""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from sweeps.cli.output import SummaryFormat, print_json

_LIBRARIES = ("xlt-sweeps", "torch", "transformers", "tokenizers", "datasets", "ray", "pyarrow", "duckdb", "pandas")
_GIB = 1024**3
_LOW_DISK_GIB = 5.0

Verdict = Literal["ok", "note", "problem"]
_STYLES: dict[Verdict, str] = {"ok": "green", "note": "yellow", "problem": "red"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def run_doctor(
    output: Annotated[SummaryFormat, typer.Option("--format", help="table or json")] = SummaryFormat.table,
    ray: Annotated[bool, typer.Option(help="Also start Ray and stop it again (some seconds).")] = True,
) -> None:
    """Say what this machine can run, and what is in the way."""
    checks = [*_check_machine(), *_check_torch(), *_check_hub(), *([_check_ray()] if ray else [])]
    if output is SummaryFormat.json:
        print_json([asdict(check) for check in checks])
    else:
        console = Console()
        width = max(len(check.name) for check in checks)
        for check in checks:
            style = _STYLES[check.verdict]
            advice = f"  -> {check.advice}" if check.advice else ""
            label = f"[{style}]{check.verdict:<7}[/{style}]"
            console.print(
                f"{label}  {check.name:<{width}}  {escape(check.found + advice)}", highlight=False, soft_wrap=True
            )
    if any(check.verdict == "problem" for check in checks):
        raise typer.Exit(1)


def _check_machine() -> Iterator[Check]:
    from sweeps.clusters.session import num_cores

    is_new_enough = sys.version_info >= (3, 11)
    yield Check(
        name="python",
        verdict="ok" if is_new_enough else "problem",
        found=platform.python_version(),
        advice="" if is_new_enough else "install Python 3.11 or newer",
    )
    for name in _LIBRARIES:
        try:
            yield Check(name=name, verdict="ok", found=version(name))
        except PackageNotFoundError:
            yield Check(name=name, verdict="problem", found="missing", advice="run `make demo`, which installs all")
    yield Check(name="cores", verdict="ok", found=f"{num_cores()} of {os.cpu_count()} may be used")
    yield Check(name="memory", verdict="ok", found=_describe_memory())
    for name, folder in (("disk here", Path.cwd()), ("disk for temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free / _GIB
        low = free < _LOW_DISK_GIB
        yield Check(
            name=name,
            verdict="note" if low else "ok",
            found=f"{free:.1f} GiB free in {folder}",
            advice="little room for encoders and checkpoints" if low else "",
        )


def _describe_memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    lines = Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").is_file() else []
    available = [int(line.split()[1]) * 1024 / _GIB for line in lines if line.startswith("MemAvailable")]
    return f"{total:.1f} GiB" + (f", {available[0]:.1f} GiB available" if available else "")


def _check_torch() -> Iterator[Check]:
    import torch

    yield Check(name="torch threads", verdict="ok", found=f"{torch.get_num_threads()}; a sweep uses resources.cpu")
    if not torch.cuda.is_available():
        yield Check(name="gpu", verdict="note", found="none seen by torch", advice="fine for mini; slow for XLM-R")
        return
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        bf16 = "bf16" if torch.cuda.is_bf16_supported() else "no bf16"
        found = f"{properties.name}, {properties.total_memory / _GIB:.0f} GiB, {bf16}"
        yield Check(name=f"gpu {index}", verdict="ok", found=found)


def _check_hub() -> Iterator[Check]:
    from sweeps.cli.hub import cached_encoders, hub_cache

    offline = os.environ.get("HF_HUB_OFFLINE", "0") not in {"0", ""}
    names = [cached.name for cached in cached_encoders()]
    yield Check(name="hub cache", verdict="ok", found=f"{hub_cache()}: {', '.join(names) or 'no encoders'}")
    yield Check(
        name="hub",
        verdict="note" if offline else "ok",
        found="offline (HF_HUB_OFFLINE)" if offline else "downloads allowed, not tried",
        advice="only the cache and local folders can be used" if offline else "",
    )


def _check_ray() -> Check:
    from sweeps.clusters.session import ray_cluster
    from xlt_core.errors import XltError

    try:
        with tempfile.TemporaryDirectory() as folder, ray_cluster(None, Path(folder) / "driver.log"):
            import ray

            held = ray.cluster_resources()  # type: ignore[no-untyped-call]
    except XltError as error:
        return Check(name="ray", verdict="problem", found=str(error), advice="use --inline")
    return Check(name="ray", verdict="ok", found=f"starts; {held.get('CPU', 0):g} CPU, {held.get('GPU', 0):g} GPU")
