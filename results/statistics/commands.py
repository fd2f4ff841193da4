"""The commands under `xlt results` that test and model. Starts light.

In: the place of a sweep. Out: a table for people, or CSV, JSON or Parquet and nothing else on standard output.
"""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder or URI (s3://, gs://) that `xlt sweep run` wrote to.")
]


def contrasts(
    folder: Folder,
    language: Annotated[
        str | None,
        typer.Option(help="Languages, by comma; `macro` is the mean, `band:low`, `family:Turkic`, ... are groups."),
    ] = None,
    family: Annotated[str | None, typer.Option(help="A family of hypotheses that are tested together.")] = None,
    role: Annotated[str | None, typer.Option(help="By comma: primary,secondary,exploratory.")] = None,
    unit: Annotated[str | None, typer.Option(help="By comma: macro,group,language.")] = None,
    metric: Annotated[str | None, typer.Option(help="Metrics, by comma.")] = None,
    condition: Annotated[str | None, typer.Option(help="Conditions of evaluation, by comma.")] = None,
    where: Annotated[
        str | None, typer.Option(metavar="SQL", help="Condition on the columns of --format csv: 'p_adjusted < 0.05'.")
    ] = None,
    include: Annotated[
        str | None, typer.Option(metavar="STATUS,...", help="Count runs of these statuses as if they were ok.")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, json or parquet; else by the name of the output file.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write here, not to standard output.")
    ] = None,
) -> None:
    """Declared contrasts and deltas: intervals, corrected tests, verdicts; exploratory ones are counted, not listed."""
    from results.statistics.views import ContrastChoice, show_contrasts

    choice = ContrastChoice(
        language=language,
        family=family,
        role=role,
        unit=unit,
        metric=metric,
        condition=condition,
        where=where,
        include=include,
    )
    show_contrasts(folder, choice, form, output)
