"""`xlt list ...`: what can be named in a space. In: the plug-in tables. Out: tables, csv or json on stdout."""

from typing import Annotated, Any

import typer

from sweeps.cli.output import ListFormat, print_rows

app = typer.Typer(help="List what can be named in a space.", no_args_is_help=True)

FormatOption = Annotated[ListFormat, typer.Option("--format", help="table, csv or json")]


@app.command("tasks")
def list_tasks(output: FormatOption = ListFormat.table) -> None:
    """Tasks: what is trained on and scored."""
    from xlt_core.tasks import TASKS, load_task

    rows = []
    for task in map(load_task, sorted(TASKS)):
        rows.append(
            {
                "task": task.name,
                "shape": task.shape,
                "labels": len(task.labels),
                "source": task.source_language,
                "languages": len(task.languages),
                "metrics": ", ".join(task.metrics),
                "takes dose": task.takes_dose,
                "language codes": " ".join(task.languages),
            }
        )
    print_rows(rows, list(rows[0]), output, empty="no tasks")


@app.command("perturbations")
def list_perturbations(output: FormatOption = ListFormat.table) -> None:
    """Perturbation methods, and the settings that each one reads."""
    from xlt_core.perturbations import METHODS

    rows = [{"method": name, "what": entry.summary, "reads": ", ".join(entry.reads)} for name, entry in METHODS.items()]
    print_rows(rows, ["method", "what", "reads"], output, empty="no perturbation methods")


@app.command("conditions")
def list_conditions(output: FormatOption = ListFormat.table) -> None:
    """Conditions of evaluation: under what a trained model may be scored."""
    from xlt_core.conditions import CONDITIONS
    from xlt_core.spec import CONDITION_SPECS

    rows = []
    for kind, entry in CONDITIONS.items():
        settings = [name for name in CONDITION_SPECS[kind].model_fields if name != "kind"]
        rows.append(
            {
                "condition": kind,
                "what": entry.summary,
                "tasks": ", ".join(entry.shapes),
                "settings": ", ".join(settings),
            }
        )
    print_rows(rows, list(rows[0]), output, empty="no conditions")


@app.command("encoders")
def list_encoders(output: FormatOption = ListFormat.table) -> None:
    """Encoders that need no download, and those in the local hub cache."""
    from sweeps.cli.hub import cached_encoders

    rows: list[dict[str, Any]] = [{"encoder": "mini", "where": "embedded; pre-trained on the spot", "megabytes": None}]
    rows += [
        {"encoder": cached.name, "where": "hub cache", "megabytes": round(cached.num_bytes / 1e6)}
        for cached in cached_encoders()
    ]
    print_rows(rows, ["encoder", "where", "megabytes"], output, empty="no encoders")
    if output is ListFormat.table:
        typer.echo(
            "A hub id (OWNER/NAME[@REVISION]) or a local folder of any transformers encoder will do too.", err=True
        )


@app.command("measures")
def list_measures(output: FormatOption = ListFormat.table) -> None:
    """Measures of an example's difficulty."""
    print_rows(
        [],
        ["measure", "what"],
        output,
        empty="No difficulty measures in this version; the task 'world' knows how hard its own examples are (dose).",
    )


@app.command("spaces")
def list_ready_made_spaces(output: FormatOption = ListFormat.table) -> None:
    """Ready-made search spaces."""
    from search_spaces.loading import list_spaces

    rows = [{"space": name, "what": description} for name, description in list_spaces().items()]
    print_rows(rows, ["space", "what"], output, empty="no ready-made spaces")
