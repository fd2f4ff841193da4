"""What a space asks for, for people and programs. In: `SearchSpace`. Out: `SpaceSummary`, which can be printed."""

from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from search_spaces.axes import find_ranges, num_points
from search_spaces.expand import expand_space
from search_spaces.space import SearchSpace


@dataclass(frozen=True, kw_only=True)
class CellSummary:
    """One cell of a space."""

    label: str
    baseline: str
    """Label of the cell it is compared with."""
    settings: dict[str, Any]
    """The settings that vary."""


@dataclass(frozen=True, kw_only=True)
class SpaceSummary:
    """The size and the cells of a space."""

    name: str
    description: str
    axes: dict[str, int]
    """Points of each axis; a range counts as one."""
    num_ranges: dict[str, int]
    """Ranges of each axis."""
    num_proposed: int
    """Further cells, proposed while the sweep runs."""
    cells: tuple[CellSummary, ...]
    seeds: tuple[int, ...]
    num_trials: int
    """Of these cells; a cell that trains nothing is one, whatever the seeds."""


def summarize_space(space: SearchSpace) -> SpaceSummary:
    """Expand a space and say what is in it.

    Raises:
        SpaceError: as `expand_space`.
    """
    trials = expand_space(space)
    return SpaceSummary(
        name=space.name,
        description=space.description,
        axes={name: num_points(values) for name, values in space.axes.items()},
        num_ranges={name: len(list(find_ranges(values, (name,)))) for name, values in space.axes.items()},
        num_proposed=space.search.optuna.num_cells if space.search.optuna else 0,
        cells=tuple(
            CellSummary(label=trial.cell, baseline=trial.baseline_cell, settings=trial.axes)
            for trial in {trial.cell: trial for trial in trials}.values()
        ),
        seeds=space.seed_values,
        num_trials=len(trials),
    )


def write_counts(num_trials: int, num_cells: int, num_seeds: int) -> str:
    """Say how many trials there are, and why."""
    if num_trials == num_cells * num_seeds:
        return f"{num_cells} cells x {num_seeds} seeds = {num_trials} trials"
    return f"{num_trials} trials: {num_cells} cells, {num_seeds} seeds of each that trains anything"


def render_summary(summary: SpaceSummary, console: Console) -> None:
    """Print a title, the axes, a row a cell, and the number of trials."""
    console.print(f"[bold]{summary.name}[/bold]  {escape(summary.description)}".rstrip())
    for name, num in summary.axes.items():
        num_ranges = summary.num_ranges[name]
        ranges = f", {num_ranges} range{'s' if num_ranges != 1 else ''} among them" if num_ranges else ""
        console.print(f"  axis {name}: {num} value{'s' if num != 1 else ''}{ranges}")
    num_baselines = len({cell.baseline for cell in summary.cells})
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("cell")
    table.add_column("compared with" if num_baselines > 1 else "")
    for cell in summary.cells:
        compared = escape(cell.baseline) if num_baselines > 1 else ""
        table.add_row(escape(cell.label), "baseline" if cell.label == cell.baseline else compared)
    console.print(table)
    console.print(write_counts(summary.num_trials, len(summary.cells), len(summary.seeds)), style="bold")
    if summary.num_proposed:
        console.print(write_proposed(summary.num_proposed, len(summary.seeds)), style="bold")


def write_proposed(num_cells: int, num_seeds: int) -> str:
    """Say how many cells a search proposes while the sweep runs."""
    return f"and up to {num_cells} cells x {num_seeds} seeds, proposed while the sweep runs, with their baselines"
