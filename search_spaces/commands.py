"""`xlt space check|schema|show`. In: a file or a ready-made name. Out: text or JSON on stdout, errors raised."""

import json
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Look at search spaces.", no_args_is_help=True)

SpaceArgument = Annotated[str, typer.Argument(help="A YAML file, or the name of a ready-made space.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one key, such as optim.num_steps=100. Repeatable."),
]


class SummaryFormat(StrEnum):
    """How a summary is written."""

    table = "table"
    json = "json"


@app.command("check")
def check_space(
    space: SpaceArgument,
    overrides: SetOption = None,
    data: Annotated[
        bool, typer.Option("--data", help="Also look for every cell's data, languages and encoder.")
    ] = False,
) -> None:
    """Check a space; errors name file, line, key, what was given and what is allowed."""
    from search_spaces.describe import summarize_space, write_counts, write_proposed
    from search_spaces.loading import load_space

    loaded = load_space(space, overrides or ())
    summary = summarize_space(loaded)
    found = ""
    if data:
        from search_spaces.resolution import check_data

        for place, languages in check_data(loaded).items():
            typer.echo(f"{place}: none for {' '.join(languages)}; these languages will have no score", err=True)
        found = "; data and encoder found"
    counts = write_counts(summary.num_trials, len(summary.cells), len(summary.seeds))
    proposed = f", {write_proposed(summary.num_proposed, len(summary.seeds))}" if summary.num_proposed else ""
    typer.echo(f"{space}: ok; {counts}{proposed}{found}")


@app.command("schema")
def print_schema() -> None:
    """Print the JSON schema of a space, for editors."""
    from search_spaces.schema import space_schema

    typer.echo(json.dumps(space_schema(), indent=2))


@app.command("show")
def show_space(
    space: SpaceArgument,
    overrides: SetOption = None,
    output: Annotated[SummaryFormat, typer.Option("--format", help="table or json")] = SummaryFormat.table,
) -> None:
    """List the cells of a space and what each is compared with."""
    from search_spaces.describe import render_summary, summarize_space
    from search_spaces.loading import load_space

    summary = summarize_space(load_space(space, overrides or ()))
    if output is SummaryFormat.json:
        typer.echo(json.dumps(asdict(summary), indent=2, ensure_ascii=False))
    else:
        render_summary(summary, Console())
