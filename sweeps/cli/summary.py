"""What `xlt sweep plan` says, as plain values and as text. In: a space, and a folder if there is one. Out: both."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from results.store import ResultStore
from search_spaces.describe import write_counts
from search_spaces.space import SearchSpace
from sweeps.cli.hub import encoder_bytes
from sweeps.cluster import num_cores
from sweeps.display import format_seconds
from sweeps.estimate import estimate_cost
from sweeps.plan import collect_shared_stages, num_stage_runs_saved, plan_sweep
from sweeps.tree import StageTree, build_tree
from xlt_core.artifacts import is_published

Summary = dict[str, Any]


def summarise_plan(space: SearchSpace, folder: Path | None) -> Summary:
    """Plan a space and describe the plan.

    Raises:
        XltError: a cell, its data or its encoder cannot be used.
        ResultsError: `folder` holds another sweep, or something that is no sweep.
    """
    plan = plan_sweep(space)
    store = ResultStore.find(folder, {"name": plan.name, "sweep_id": plan.sweep_id}) if folder else None
    stages = collect_shared_stages(plan.trials)
    published = {shared.stage.key for shared in stages if folder and is_published(folder / "stages" / shared.stage.key)}
    tree = build_tree(plan.trials)
    estimate = estimate_cost(plan.trials, store, space.resources, num_cores(), encoder_bytes)
    cells: dict[str, Summary] = {}
    for trial in plan.trials:
        row = cells.setdefault(
            trial.plan.cell_id, {"cell": trial.cell, "is_baseline": trial.is_baseline, "num_trials": 0}
        )
        row["num_trials"] += 1
    return {
        "name": plan.name,
        "sweep_id": plan.sweep_id,
        "num_trials": len(plan.trials),
        "num_cells": plan.num_cells,
        "seeds": list(space.seed_values),
        "cells": list(cells.values()),
        "languages": list(dict.fromkeys(language for trial in plan.trials for language in trial.plan.languages)),
        "shared_stages": [
            {
                "stage": shared.title,
                "key": shared.stage.key,
                "num_trials": len(shared.trial_ids),
                "is_published": shared.stage.key in published,
            }
            for shared in stages
        ],
        "stage_tree": _describe_tree(tree, published),
        "num_stages": tree.num_stages,
        "num_stages_alone": tree.num_stages_alone,
        "num_steps": tree.num_steps,
        "num_steps_alone": tree.num_steps_alone,
        "num_stage_runs_saved": num_stage_runs_saved(plan.trials),
        "num_pending": estimate.num_pending,
        "num_concurrent": estimate.slots,
        "trial_seconds": estimate.trial_seconds,
        "wall_seconds": estimate.wall_seconds,
        "disk_bytes": estimate.disk_bytes,
    }


def print_plan(summary: Summary, console: Console) -> None:
    """Write a plan for people."""
    console.print(f"[bold]{summary['name']}[/bold]  sweep {summary['sweep_id']}", highlight=False)
    cells = Table("cell", "trials", box=None, pad_edge=False, header_style="bold")
    for cell in summary["cells"]:
        name = escape(cell["cell"]) + ("  [dim](baseline)[/dim]" if cell["is_baseline"] else "")
        cells.add_row(name, str(cell["num_trials"]))
    console.print(cells)
    if summary["shared_stages"]:
        console.print()
        _print_tree(summary["stage_tree"], console)
    seconds, disk = summary["wall_seconds"], summary["disk_bytes"]
    time_line = (
        "not known before a trial has finished"
        if seconds is None
        else f"about {format_seconds(seconds)} at {summary['num_concurrent']} trials at a time, "
        "shared stages not counted"
    )
    lines = {
        "trials": write_counts(summary["num_trials"], summary["num_cells"], len(summary["seeds"]))
        + f", {summary['num_pending']} to be run",
        "stages": f"{summary['num_stages']} run, {len(summary['shared_stages'])} of them shared; "
        f"sharing saves {summary['num_stage_runs_saved']} runs",
        "work": _describe_work(summary),
        "languages": f"{len(summary['languages'])}: {' '.join(summary['languages'])}",
        "time": time_line,
        "disk": "not known for this encoder" if disk is None else f"about {disk / 1e9:.1f} GB beside results",
    }
    console.print()
    for name, text in lines.items():
        console.print(f"{name:<10} {text}", highlight=False, soft_wrap=True)


def _describe_tree(tree: StageTree, published: Collection[str]) -> list[Summary]:
    """One mapping a group of stages."""
    return [
        {
            "stage": group.title,
            "kind": group.kind,
            "depth": group.depth,
            "num_stages": len(group.keys),
            "num_published": sum(key in published for key in group.keys),
            "num_trials_each": [min(group.num_trials), max(group.num_trials)],
            "num_steps": group.num_steps,
        }
        for group in tree.groups
    ]


def _print_tree(groups: Sequence[Summary], console: Console) -> None:
    table = Table("stage", box=None, pad_edge=False, header_style="bold")
    for name in ("stages", "trials of each", "steps", "there"):
        table.add_column(name, justify="right")
    for group in groups:
        fewest, most = group["num_trials_each"]
        is_shared = group["kind"] != "target"
        table.add_row(
            escape("  " * group["depth"] + group["stage"]),
            f"{group['num_stages']:,}",
            str(fewest) if fewest == most else f"{fewest} to {most}",
            f"{group['num_steps']:,}",
            f"{group['num_published']:,}" if is_shared else "",
        )
    console.print(table)


def _describe_work(summary: Summary) -> str:
    together, alone = summary["num_steps"], summary["num_steps_alone"]
    if together == alone:
        return f"{together:,} steps of training, nothing shared"
    return f"{together:,} steps of training; {alone:,} if every trial ran alone, {alone / together:.2f} times as many"
