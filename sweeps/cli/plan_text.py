"""What `xlt sweep plan` prints for people. In: a summary (`sweeps.cli.summary`). Out: text on a console."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from search_spaces.describe import write_counts
from sweeps.observing.display import format_seconds

Summary = dict[str, Any]

MAX_NUM_CELLS = 60
"""More are counted, not listed."""


def print_plan(summary: Summary, console: Console) -> None:
    """Write a plan for people."""
    console.print(f"[bold]{summary['name']}[/bold]  sweep {summary['sweep_id']}", highlight=False)
    _print_cells(summary["cells"], console)
    if summary["shared_stages"]:
        console.print()
        _print_tree(summary["stage_tree"], console)
    for task in summary["detectable"]["tasks"]:
        if task["languages"]:
            console.print()
            _print_effects(task, summary["detectable"], console)
    estimate = summary["estimate"]
    lines = {
        "trials": write_counts(summary["num_trials"], summary["num_cells"], len(summary["seeds"]))
        + f", {summary['num_pending']} to be run",
        "proposed": f"up to {summary['num_proposed']} cells more, by the search" if summary["num_proposed"] else "",
        "stages": f"{summary['num_stages']} run, {len(summary['shared_stages'])} of them shared; "
        f"sharing saves {summary['num_stage_runs_saved']} runs",
        "work": _describe_work(summary),
        "languages": f"{len(summary['languages'])}: {' '.join(summary['languages'])}",
        "time": _describe_time(estimate, summary["num_pending"]),
        "GPUs": _describe_gpus(estimate),
        "disk": _describe_disk(estimate["disk_bytes"]),
    }
    console.print()
    for name, text in lines.items():
        if text:
            console.print(f"{name:<10} {text}", highlight=False, soft_wrap=True)


def _print_cells(cells: Sequence[Summary], console: Console) -> None:
    table = Table("cell", "trials", box=None, pad_edge=False, header_style="bold")
    for cell in cells[:MAX_NUM_CELLS]:
        name = escape(cell["cell"]) + ("  [dim](baseline)[/dim]" if cell["is_baseline"] else "")
        table.add_row(name, str(cell["num_trials"]))
    if len(cells) > MAX_NUM_CELLS:
        table.add_row(f"[dim]and {len(cells) - MAX_NUM_CELLS:,} more: --format json lists all[/dim]", "")
    console.print(table)


def _print_tree(groups: Sequence[Summary], console: Console) -> None:
    table = Table("stage", box=None, pad_edge=False, header_style="bold")
    is_timed = any(group["seconds"] is not None for group in groups)
    for name in ("stages", "trials of each", "steps", "there", *(["time left"] if is_timed else [])):
        table.add_column(name, justify="right")
    for group in groups:
        fewest, most = group["num_trials_each"]
        seconds = group["seconds"]
        table.add_row(
            escape("  " * group["depth"] + group["stage"]),
            f"{group['num_stages']:,}",
            str(fewest) if fewest == most else f"{fewest} to {most}",
            f"{group['num_steps']:,}",
            f"{group['num_published']:,}" if group["kind"] != "target" else "",
            *(["" if seconds is None else format_seconds(seconds)] if is_timed else []),
        )
    console.print(table)


def _print_effects(task: Summary, detectable: Summary, console: Console) -> None:
    """The least, the middle and the most that can be seen among the languages."""
    ordered = sorted(task["languages"], key=lambda effect: float(effect["points"]))
    chosen = {"best": ordered[0], "median": ordered[(len(ordered) - 1) // 2], "worst": ordered[-1]}
    k = detectable["num_seeds"]
    table = Table("difference found", box=None, pad_edge=False, header_style="bold")
    for name in ("language", "items", "test set", f"{k} seeds", "both", f"1 of {len(ordered)}", "t interval"):
        table.add_column(name, justify="right")
    distinct = {"all": ordered[0]} if ordered[0]["points"] == ordered[-1]["points"] else chosen
    for name, effect in distinct.items():
        points = ["from_test_set", "from_seeds", "points", "corrected", "by_interval"]
        written = ["-" if effect[key] is None else f"{effect[key]:.1f}" for key in points]
        language = f"{len(ordered)}" if name == "all" and len(ordered) > 1 else effect["language"]
        table.add_row(f"{task['task']}, {name}", language, f"{effect['num_examples']:,}", *written)
    console.print(table)
    measured = detectable["measured_delta_sds"]
    noise = (
        f"measured spread of differences, median sd {median(measured.values()):.1f}"
        if measured
        else f"runs of one cell taken to spread by sd {detectable['seed_sd']:g}"
    )
    console.print(
        f"[dim]the smallest, in points, found with {detectable['power']:.0%} power at {detectable['alpha']:g}: by the "
        "noise of the test set, of seeds, of both; as one of all languages; by the interval of the deltas. Models are "
        f"taken to disagree on {detectable['disagreeing_share']:.0%} of items; {noise}[/dim]",
        highlight=False,
        soft_wrap=True,
    )


def _describe_work(summary: Summary) -> str:
    together, alone = summary["num_steps"], summary["num_steps_alone"]
    if together == alone:
        return f"{together:,} steps of training, nothing shared"
    return f"{together:,} steps of training; {alone:,} if every trial ran alone, {alone / together:.2f} times as many"


def _describe_time(estimate: Summary, num_pending: int) -> str:
    if not num_pending:
        return "nothing is left to be run"
    seconds, unknown = estimate["wall_seconds"], estimate["num_unknown_units"]
    if estimate["source"] is None:
        return "not known before a trial has finished; --probe measures a few steps now"
    if seconds is None:
        return f"not known: {unknown} stages and trials are like none that was measured; --probe measures a few steps"
    source = "a probe on this machine" if estimate["source"] == "probe" else "what has run here"
    return (
        f"about {format_seconds(seconds)} at {estimate['num_concurrent']} at a time, which are busy "
        f"{estimate['busy_share']:.0%} of it; no less than {format_seconds(estimate['critical_path_seconds'])} "
        f"at any number; from {source}"
    )


def _describe_gpus(estimate: Summary) -> str:
    if not estimate["num_gpus"]:
        return "none asked for, so nothing to pay" if estimate["price"] is not None else ""
    held = "1 GPU" if estimate["num_gpus"] == 1 else f"{estimate['num_gpus']} GPUs"
    if estimate["gpu_hours"] is None:
        return f"reckoned with {held} (--gpus)"
    text = f"{estimate['gpu_hours']:.2f} GPU-hours of work, {estimate['held_gpu_hours']:.2f} held; with {held} (--gpus)"
    if estimate["price"] is not None:
        currency = escape(estimate["currency"])
        text += f"; about {estimate['cost']:,.2f} {currency}, {estimate['held_cost']:,.2f} {currency} as held"
    return text


def _describe_disk(need: Summary | None) -> str:
    if need is None:
        return "not known for this encoder"
    parts = {name: need[name] for name in ("stages", "checkpoints", "weights", "results") if need[name]}
    written = ", ".join(f"{name} {_write_bytes(size)}" for name, size in parts.items())
    return f"about {_write_bytes(need['total'])}: {written}"


def _write_bytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
