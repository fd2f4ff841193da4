"""`xlt sweep extend`: ask more of a sweep that is there. In: its folder, and what is new. Out: as of `xlt sweep run`.

Heavy modules are imported when the command runs.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sweeps.cli.output import SummaryFormat, print_json
from sweeps.cli.sweep import (
    Address,
    Folder,
    Format,
    Inline,
    Loggers,
    MaxConcurrent,
    NoArrays,
    Overrides,
    Stages,
    finish,
    limit,
    tell_late_declaration,
)
from sweeps.cli.until_ci import GoalLanguage, MaxSeeds, UntilCi, make_goal, run_or_narrow

if TYPE_CHECKING:
    from results.store import ResultStore
    from search_spaces.extension import SpaceChanges
    from search_spaces.space import SearchSpace
    from sweeps.growth.extend import ExtensionSummary


Seeds = Annotated[int | None, typer.Option("--seeds", min=1, help="How many in all.")]
MoreValues = Annotated[
    list[str] | None, typer.Option("--axis", metavar="KEY=V1,V2", help="More values of an axis; may be given again.")
]
Languages = Annotated[
    str | None, typer.Option("--languages", metavar="CODES", help="By comma: all, or with a + in front the new ones.")
]
Conditions = Annotated[
    str | None,
    typer.Option("--conditions", metavar="NAMES", help="By comma, or YAML with settings; + as for languages."),
]


def extend(
    folder: Folder,
    seeds: Seeds = None,
    axes: MoreValues = None,
    languages: Languages = None,
    conditions: Conditions = None,
    overrides: Overrides = None,
    until_ci: UntilCi = None,
    language: GoalLanguage = None,
    max_seeds: MaxSeeds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is new; write and run nothing.")] = False,
    address: Address = None,
    inline: Inline = False,
    no_arrays: NoArrays = False,
    max_concurrent: MaxConcurrent = None,
    stages: Stages = None,
    loggers: Loggers = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Ask more of a sweep: seeds, values, languages, conditions. Runs what is missing, and only that."""
    from results.store import ResultStore
    from sweeps.engine.begin import read_planned_trials, write_grown_plan
    from sweeps.engine.launch import make_place
    from sweeps.engine.options import LaunchOptions, check_options
    from sweeps.growth.extend import plan_grown_sweep, summarise_extension
    from sweeps.growth.widths import check_language
    from sweeps.workers.shelf import open_shelf

    goal = make_goal(until_ci, language, max_seeds)
    changes = _read_changes(seeds, axes, languages, conditions, overrides)
    console = Console(stderr=True)
    store = ResultStore.open(folder, for_writing=not dry_run)
    space = extend_held_space(store, changes, folder, may_stay=goal is not None)
    options = LaunchOptions(
        resources=limit(space.resources, max_concurrent),
        address=address,
        inline=inline,
        arrays=not no_arrays,
        stages_folder=stages,
        loggers=loggers or (),
    )
    check_options(options, space.scheduler)
    with console.status("reading data and encoders"):
        grown = plan_grown_sweep(space, store)
        summary = summarise_extension(grown, store, open_shelf(make_place(store, options)).has_weights)
    if dry_run:
        show_extension(summary, output, Console())
        return
    if goal is not None:
        check_language(grown.plan.trials, goal)
    show_extension(summary, SummaryFormat.table, console)
    store = write_grown_plan(grown, folder)
    tell_late_declaration(store, console)
    outcome = run_or_narrow(store, grown.space, read_planned_trials(store), options, goal, console)
    finish(outcome, output, console)


def _read_changes(
    seeds: int | None,
    axes: list[str] | None,
    languages: str | None,
    conditions: str | None,
    overrides: list[str] | None,
) -> "SpaceChanges":
    """What is asked for, of what may be changed in a space that is held."""
    from search_spaces.extension import SpaceChanges

    return SpaceChanges(
        seeds=seeds,
        overrides=tuple(overrides or ()),
        axes=tuple(axes or ()),
        languages=languages,
        conditions=conditions,
    )


def extend_held_space(
    store: "ResultStore", changes: "SpaceChanges", folder: Path | str, *, may_stay: bool = False
) -> "SearchSpace":
    """Read the space that a sweep was last asked for, and change it.

    Args:
        store: of the sweep.
        changes: to its space.
        folder: as it was given, for messages.
        may_stay: there is something else to do than what changes.

    Raises:
        StoreError: it was not begun from a space.
        SpecError: nothing changes, something would be left out, or a change cannot be read.
    """
    from search_spaces.extension import SpaceChanges, extend_space
    from sweeps.growth.extend import read_space
    from xlt_core.errors import SpecError, StoreError

    held = read_space(store)
    if held is None:
        raise StoreError(
            f"{folder} holds single trials, no sweep of a space; for more of them: xlt trial run SPEC --out"
        )
    if changes == SpaceChanges() and not may_stay:
        raise SpecError(
            "nothing is to be extended; give --seeds, --axis, --languages, --conditions, --set or --until-ci. What is "
            f"missing of the sweep as it is runs with: xlt sweep resume {folder}"
        )
    return extend_space(held, changes, f"{folder}/sweep.json")


def describe_extension(summary: "ExtensionSummary") -> dict[str, Any]:
    """What an extension comes to, for programs."""
    return {
        "num_planned_before": summary.num_planned_before,
        "num_planned": summary.num_planned,
        "num_to_run": len(summary.needs),
        "num_scored_only": summary.count("score"),
        "num_trained_again": summary.count("train again"),
        "num_trained": summary.count("train"),
        "num_scored_on_more": summary.num_superseding,
        "num_cells_proposed": summary.num_proposed,
    }


def show_extension(summary: "ExtensionSummary", output: SummaryFormat, console: Console) -> None:
    """Print what an extension comes to; as JSON on stdout, whatever the console."""
    if output is SummaryFormat.json:
        print_json(describe_extension(summary))
        return
    lines = [f"trials: {summary.num_planned}, before: {summary.num_planned_before}, to be run: {len(summary.needs)}"]
    num_not_kept = summary.count("train again") - summary.num_choosing
    told = (
        (summary.count("train"), "to be trained"),
        (summary.count("score"), "to be scored only: kept weights, or nothing to train"),
        (num_not_kept, "to be trained again, to the same weights, which were not kept"),
        (summary.num_choosing, "to be trained again: evaluation.selections need weights on the way, never kept"),
    )
    lines += [f"{number:>6}  {words}" for number, words in told if number]
    if summary.num_proposed:
        lines.append(f"and what the search proposes, up to {summary.num_proposed} cells with those that are there")
    if num_not_kept:
        lines.append("Weights are kept from now on with: --set resources.keep_weights=true")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
