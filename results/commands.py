"""The commands under `xlt results`. Starts light: `results.views` is imported when a command runs.

In: the folder of a sweep. Out: a table for people, or CSV, JSON or Parquet and nothing else on standard output.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from results.report.commands import plot, report, serve, table
from results.statistics.commands import contrasts
from results.statistics.model_commands import curves, selections, slopes, surface

app = typer.Typer(no_args_is_help=True, help="Look at what a sweep has found.")


app.command()(report)
app.command()(plot)
app.command()(table)
app.command()(serve)
app.command()(contrasts)
app.command()(slopes)
app.command()(curves)
app.command()(surface)
app.command()(selections)


class Reference(StrEnum):
    """What scores can be put beside."""

    published = "published"


Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder or URI (s3://, gs://) that `xlt sweep run` wrote to.")
]
Language = Annotated[
    str | None,
    typer.Option(
        help="Codes, by comma; `macro`, the mean over languages; low-resource, high-resource, family:NAME, script:CODE."
    ),
]
Metric = Annotated[str | None, typer.Option(help="Metrics, by comma.")]
Condition = Annotated[
    str | None, typer.Option(help="Conditions of evaluation, by comma: clean,noise:gaussian:0.3,generalized.")
]
Where = Annotated[
    str | None, typer.Option(metavar="SQL", help="Condition on the columns of --format csv: 'magnitude > 0.1'.")
]
Include = Annotated[
    str | None,
    typer.Option(metavar="STATUS,...", help="Count runs of these statuses as well: degenerate,stopped_early."),
]
Pivot = Annotated[
    str | None,
    typer.Option(help="A column each of its values: language, cell, condition, seed (of scores), metric, selection."),
]
Value = Annotated[str | None, typer.Option(help="With --pivot, the number: delta, cell_mean, ci_low, mde, ...")]
Format = Annotated[
    str | None, typer.Option("--format", help="table, csv, json or parquet; else by the name of the output file.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write here, not to standard output.")
]


@app.command()
def scores(
    folder: Folder,
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    where: Where = None,
    include: Include = None,
    pivot: Pivot = None,
    value: Value = None,
    against: Annotated[
        Reference | None,
        typer.Option(help="Put the baselines beside published zero-shot scores of the same encoder and task."),
    ] = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Mean score of every cell by language; csv, json and parquet give one row a trial and language."""
    from results.views import Choice, show_scores

    choice = Choice(
        language=language, metric=metric, condition=condition, where=where, include=include, pivot=pivot, value=value
    )
    if against is not None:
        from results.comparison import show_comparison

        show_comparison(folder, choice, form, output)
        return
    show_scores(folder, choice, form, output)


@app.command()
def deltas(
    folder: Folder,
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    where: Where = None,
    include: Include = None,
    pivot: Pivot = None,
    value: Value = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Each cell minus its baseline by language, paired by seed, with intervals."""
    from results.views import Choice, show_deltas

    choice = Choice(
        language=language, metric=metric, condition=condition, where=where, include=include, pivot=pivot, value=value
    )
    show_deltas(folder, choice, form, output)


@app.command()
def compare(
    folders: Annotated[
        list[str], typer.Argument(metavar="A B ...", help="Sweeps; the others are put beside the first.")
    ],
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    where: Where = None,
    include: Include = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Deltas of several sweeps side by side, cell by cell that mean the same, and their differences with intervals."""
    from results.side_by_side import show_sweeps_compared
    from results.views import Choice

    choice = Choice(language=language, metric=metric, condition=condition, where=where, include=include)
    show_sweeps_compared(folders, choice, form, output)


@app.command()
def robustness(
    folder: Folder,
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    where: Where = None,
    include: Include = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Score under each condition minus the clean score of the same trial, by cell and language."""
    from results.views import Choice, show_robustness

    choice = Choice(language=language, metric=metric, condition=condition, where=where, include=include)
    show_robustness(folder, choice, form, output)


@app.command()
def matrix(
    folder: Folder,
    cell: Annotated[
        str | None, typer.Option(help="One cell, by name or id, or all cells with this in their name: 'magnitude 0.5'.")
    ] = None,
    metric: Metric = None,
    deltas: Annotated[bool, typer.Option("--deltas", help="Differences to the baseline.")] = False,
    include: Include = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Scores of sentence pairs in two languages: first sentence by second sentence, a matrix a cell."""
    from results.views import Choice, show_matrix

    choice = Choice(metric=metric, include=include)
    show_matrix(folder, choice, cell=cell, deltas=deltas, form=form, output=output)


@app.command()
def failures(
    folder: Folder,
    by: Annotated[
        str | None,
        typer.Option(help="Columns or axes, by comma, to count by; all others are pooled: method,magnitude."),
    ] = None,
    tests: Annotated[
        bool, typer.Option("--tests", help="Instead: does a cell fail more often than its baseline, or with magnitude?")
    ] = False,
    where: Where = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """How often training failed in each cell, with an exact interval, and how large the perturbation really was."""
    if tests:
        from results.statistics.model_views import show_failure_tests

        show_failure_tests(folder, form, output)
        return
    from results.views import show_failures

    show_failures(folder, by, where, form, output)


@app.command()
def search(
    folder: Folder,
    metric: Metric = None,
    condition: Condition = None,
    where: Where = None,
    include: Include = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """The cells in the order in which they were proposed, each with its mean and its worst delta, and the best."""
    from results.search import show_search
    from results.views import Choice

    show_search(folder, Choice(metric=metric, condition=condition, where=where, include=include), form, output)


@app.command()
def tokens(folder: Folder, language: Language = None, form: Format = None, output: Output = None) -> None:
    """How the encoder's tokenizer cuts each language: fertility, tokens a character, share of unknown tokens."""
    from results.tokens import show_tokens
    from results.views import Choice

    show_tokens(folder, Choice(language=language), form, output)


@app.command()
def trials(folder: Folder, where: Where = None, form: Format = None, output: Output = None) -> None:
    """Every planned trial: its cell, seed, status with the reason, and what it took."""
    from results.views import show_trials

    show_trials(folder, where, form, output)


@app.command()
def query(
    folder: Folder,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT, in quotes.")],
    others: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="DIR", help="Another sweep, as often as needed; `sweep` says whose a row is."),
    ] = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Run SQL (DuckDB) on plan, trials, scores, results, predictions, deltas, contrasts, languages and published."""
    from results.querying import show_query

    show_query([folder, *(others or ())], sql, form, output)


@app.command()
def published(
    task: Annotated[str | None, typer.Option(help="Tasks, by comma.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoders, by comma: xlm-roberta-base,xlm-roberta-large.")] = None,
    language: Annotated[str | None, typer.Option(help="Languages, by comma; `mean` is over a source's own.")] = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Published scores with their sources; `xlt results scores DIR --against published` compares a sweep with them."""
    from results.comparison import show_published

    show_published(task=task, encoder=encoder, language=language, form=form, output=output)
