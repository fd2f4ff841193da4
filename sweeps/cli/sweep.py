"""`xlt sweep plan|run|resume|status`. In: a space, or a folder that holds a sweep. Out: tables or json on stdout.

Progress and notes go to stderr. Heavy modules are imported when a command runs.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from sweeps.cli.output import SummaryFormat, print_json
from sweeps.cli.until_ci import GoalLanguage, MaxSeeds, UntilCi, make_goal, run_or_narrow

if TYPE_CHECKING:
    from results.store import ResultStore
    from search_spaces.resources import Resources
    from sweeps.engine.options import SweepOutcome

app = typer.Typer(help="Plan, run and resume sweeps.", no_args_is_help=True)

_MAX_NUM_CELLS_SHOWN = 200

Space = Annotated[str, typer.Argument(metavar="SPACE", help="A YAML file, or the name of a ready-made space.")]
Folder = Annotated[str, typer.Argument(metavar="DIR", help="The sweep's folder, or s3:// or gs:// URI.")]
Format = Annotated[SummaryFormat, typer.Option("--format", help="table or json")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the space; may be given again."),
]
Address = Annotated[
    str | None, typer.Option(help="Of a running Ray: auto, or IP:PORT of its head; else one is started here.")
]
Stages = Annotated[
    Path | None,
    typer.Option(
        "--stages", metavar="DIR", help="Where stages are kept that several sweeps share; else in the sweep's folder."
    ),
]
Loggers = Annotated[
    list[str] | None,
    typer.Option("--logger", metavar="NAME", help="tensorboard, mlflow or wandb, beside our own; may be given again."),
]
Inline = Annotated[bool, typer.Option("--inline", help="In this one process, without Ray.")]
NoArrays = Annotated[bool, typer.Option("--no-arrays", help="Train trials one by one, never several together.")]
MaxConcurrent = Annotated[int | None, typer.Option(min=1, help="Stages and trials at a time; an array is one.")]


@app.command("plan")
def plan(
    space: Space,
    overrides: Overrides = None,
    out: Annotated[
        Path | None, typer.Option(help="The sweep's folder, to see what is missing and how long it takes.")
    ] = None,
    probe: Annotated[bool, typer.Option("--probe", help="Measure a few steps of each kind of trial here.")] = False,
    gpus: Annotated[int | None, typer.Option(min=1, help="GPUs to reckon with; else one, if trials take any.")] = None,
    slots: Annotated[int | None, typer.Option(min=1, help="Trials at a time to reckon with.")] = None,
    price: Annotated[float | None, typer.Option(min=0, help="Of a GPU for an hour.")] = None,
    currency: Annotated[str, typer.Option(help="Of the price.")] = "USD",
    output: Format = SummaryFormat.table,
) -> None:
    """Say what a sweep would do: trials, stages, what is shared, cost, detectable effect. Writes nothing."""
    from search_spaces.loading import load_space
    from sweeps.cli.plan_text import print_plan
    from sweeps.cli.summary import PlanQuestions, summarise_plan

    questions = PlanQuestions(probe=probe, num_gpus=gpus, slots=slots, price=price, currency=currency)
    summary = summarise_plan(load_space(space, overrides or ()), out, questions)
    if output is SummaryFormat.json:
        print_json(summary)
    else:
        print_plan(summary, Console())


@app.command("run")
def run(
    space: Space,
    out: Annotated[str, typer.Option(help="The sweep's folder, or s3:// or gs:// URI: new, or of this sweep.")],
    overrides: Overrides = None,
    address: Address = None,
    inline: Inline = False,
    no_arrays: NoArrays = False,
    max_concurrent: MaxConcurrent = None,
    stages: Stages = None,
    loggers: Loggers = None,
    until_ci: UntilCi = None,
    language: GoalLanguage = None,
    max_seeds: MaxSeeds = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Run a sweep; what the folder holds already is not run again."""
    from search_spaces.loading import load_space
    from sweeps.engine.begin import begin_sweep
    from sweeps.engine.options import LaunchOptions, check_options
    from sweeps.growth.extend import read_space

    goal = make_goal(until_ci, language, max_seeds)
    loaded = load_space(space, overrides or ())
    options = LaunchOptions(
        resources=limit(loaded.resources, max_concurrent),
        address=address,
        inline=inline,
        arrays=not no_arrays,
        stages_folder=stages,
        loggers=loggers or (),
    )
    check_options(options, loaded.scheduler)
    console = Console(stderr=True)
    with console.status("reading data and encoders"):
        store, planned = begin_sweep(loaded, out, goal)
    console.print(
        f"sweep {planned.name}: {_count_trials(len(planned.trials))} in {escape(str(out))}",
        highlight=False,
        soft_wrap=True,
    )
    tell_late_declaration(store, console)
    grown = read_space(store) or loaded  # with what the folder's sweep is scored on besides
    finish(run_or_narrow(store, grown, planned.trials, options, goal, console), output, console)


@app.command("resume")
def resume(
    folder: Folder,
    rerun: Annotated[
        str | None, typer.Option(metavar="STATUS,...", help="Also run finished trials of these statuses again.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why; goes into the rows of trials that are run again.")] = None,
    address: Address = None,
    inline: Inline = False,
    no_arrays: NoArrays = False,
    max_concurrent: MaxConcurrent = None,
    stages: Stages = None,
    loggers: Loggers = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Run what a sweep's folder still lacks."""
    from results.store import ResultStore
    from sweeps.engine.begin import read_resources
    from sweeps.engine.launch import resume_missing
    from sweeps.engine.options import LaunchOptions

    statuses = parse_statuses(rerun, note)
    store = ResultStore.open(folder, for_writing=True)
    options = LaunchOptions(
        resources=limit(read_resources(store), max_concurrent),
        address=address,
        inline=inline,
        arrays=not no_arrays,
        rerun=statuses,
        note=note,
        stages_folder=stages,
        loggers=loggers or (),
    )
    console = Console(stderr=True)
    finish(resume_missing(store, options, console), output, console)


@app.command("status")
def status(
    folder: Folder,
    work: Annotated[bool, typer.Option("--work", help="Also compare steps taken with those that were needed.")] = False,
    output: Format = SummaryFormat.table,
) -> None:
    """Say how a sweep stands: what is done, what runs, what failed or waits and why, and how to go on."""
    from sweeps.cli.status import as_json, find_status, print_status
    from sweeps.cli.work_done import describe_work, find_work

    found = find_status(folder)
    done = find_work(folder) if work else None
    if output is SummaryFormat.json:
        print_json(as_json(found) | ({"work": asdict(done)} if done else {}))
    else:
        console = Console()
        print_status(found, console)
        if done is not None:
            console.print(describe_work(done), highlight=False, soft_wrap=True)


def parse_statuses(text: str | None, note: str | None = None) -> tuple[str, ...]:
    """Read `--rerun` and `--note`.

    Raises:
        UnknownNameError: a status that no trial can have.
        SpecError: a result of training is to be run again, and no note says why.
    """
    from sweeps.growth.rerun import check_rerun

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    check_rerun(names, note)
    return names


def finish(
    outcome: "SweepOutcome", output: SummaryFormat, console: Console, show: Callable[[], None] | None = None
) -> None:
    """Print what a launch left behind and exit with its status.

    Args:
        outcome: of the launch.
        output: for people, the deltas; for programs, the counts.
        console: on stderr.
        show: prints what is shown to people instead of the deltas.
    """
    from sweeps.observing.display import format_seconds

    folder = escape(outcome.store.uri)
    if output is SummaryFormat.json:
        print_json(_describe(outcome))
    elif outcome.num_run or not outcome.stopped:
        (show or partial(_show_deltas, outcome))()
    by_status = ", ".join(f"{number} {name}" for name, number in sorted(outcome.counts.items()))
    console.print(
        f"{_count_trials(outcome.num_run)} run in {format_seconds(outcome.seconds)}; {by_status}", highlight=False
    )
    if outcome.stopped is not None:
        console.print(
            f"{escape(outcome.stopped.reason)}. Nothing published is lost; go on with: xlt sweep resume {folder}",
            highlight=False,
            soft_wrap=True,
        )
    elif outcome.exit_status:
        again = ",".join(
            status for status in ("infra", "oom") if outcome.counts[status]
        )  # diverged would diverge again
        console.print(
            f"Some trials failed: xlt results trials {folder} --where \"status <> 'ok'\" says why"
            + (f"; run them again with: xlt sweep resume {folder} --rerun {again}" if again else ""),
            highlight=False,
            soft_wrap=True,
        )
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)


def _count_trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{number} trials"


def _show_deltas(outcome: "SweepOutcome") -> None:
    """Print the deltas; of cells that nobody would read through, how to ask for some of them."""
    from results.tables import render_deltas

    store = outcome.store
    num_cells = len(store.plan()["cell_id"].unique())
    if num_cells <= _MAX_NUM_CELLS_SHOWN:
        render_deltas(store, Console())
        return
    folder = escape(store.uri)
    Console().print(
        f"{num_cells:,} cells: xlt results deltas {folder} --language macro shows all; --where chooses, for example "
        '--where "magnitude > 0.1"',
        highlight=False,
        soft_wrap=True,
    )


def tell_late_declaration(store: "ResultStore", console: Console) -> None:
    """Say on stderr where results were there before it was declared what they are to test."""
    from sweeps.growth.declaration import explain_late_declaration

    if late := explain_late_declaration(store):
        console.print(late, highlight=False, markup=False, soft_wrap=True)


def limit(resources: "Resources", max_concurrent: int | None) -> "Resources":
    """Resources with another number of trials at a time, if one is given."""
    return resources if max_concurrent is None else resources.model_copy(update={"max_concurrent": max_concurrent})


def _describe(outcome: "SweepOutcome") -> dict[str, Any]:
    return {
        "folder": outcome.store.uri,
        "counts": dict(sorted(outcome.counts.items())),
        "num_run": outcome.num_run,
        "seconds": round(outcome.seconds, 2),
        "stopped": outcome.stopped.reason if outcome.stopped else None,
    }
