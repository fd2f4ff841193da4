"""The commands under `xlt results` on curves, slopes, surfaces and selections. Starts light.

In: the place of a sweep. Out: a table for people, or CSV, JSON or Parquet and nothing else on standard output.
"""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder or URI (s3://, gs://) that `xlt sweep run` wrote to.")
]
Language = Annotated[str | None, typer.Option(help="Languages, by comma; `macro` is the mean over languages.")]
Condition = Annotated[str | None, typer.Option(help="Conditions of evaluation, by comma.")]
Where = Annotated[str | None, typer.Option(metavar="SQL", help="Condition on the columns of --format csv.")]
Format = Annotated[
    str | None, typer.Option("--format", help="table, csv, json or parquet; else by the name of the output file.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write here, not to standard output.")
]


def slopes(
    folder: Folder, condition: Condition = None, where: Where = None, form: Format = None, output: Output = None
) -> None:
    """Whether effects of magnitude and dose depend on the size of a language's corpus: mixed model, with intervals."""
    from results.statistics.model_views import show_slopes
    from results.views import Choice

    show_slopes(folder, Choice(condition=condition, where=where), form, output)


def curves(
    folder: Folder,
    language: Language = None,
    condition: Condition = None,
    where: Where = None,
    best: Annotated[
        bool, typer.Option("--best", help="With csv, json or parquet: the best magnitudes instead of the curves.")
    ] = False,
    form: Format = None,
    output: Output = None,
) -> None:
    """Deltas along the magnitude, language by language, and which magnitude is best, as far as can be said."""
    from results.statistics.model_views import show_curves
    from results.views import Choice

    show_curves(folder, Choice(language=language, condition=condition, where=where), form, output, best=best)


def surface(
    folder: Folder,
    language: Language = None,
    condition: Condition = None,
    where: Where = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Deltas by arm of the intermediate task and magnitude; of the mean over languages, unless languages are named."""
    from results.statistics.model_views import show_surface
    from results.views import Choice

    show_surface(folder, Choice(language=language, condition=condition, where=where), form, output)


def selections(
    folder: Folder,
    language: Language = None,
    condition: Condition = None,
    where: Where = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """Ways to choose a checkpoint side by side; of the mean over languages, unless languages are named."""
    from results.statistics.model_views import show_selections
    from results.views import Choice

    show_selections(folder, Choice(language=language, condition=condition, where=where), form, output)
