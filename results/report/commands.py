"""The commands under `xlt results` that make pages, figures and tables for people. Starts light.

In: the place of a sweep. Out: files, or a web server on this machine.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    str, typer.Argument(metavar="DIR", help="The folder or URI (s3://, gs://) that `xlt sweep run` wrote to.")
]


class FigureTheme(StrEnum):
    """Colours of figures."""

    light = "light"
    dark = "dark"
    print = "print"


class TableForm(StrEnum):
    """Languages that papers are written in."""

    latex = "latex"
    markdown = "markdown"


Language = Annotated[
    str | None,
    typer.Option(help="Codes, by comma; low-resource, high-resource, family:NAME, script:CODE; the mean stays."),
]
Metric = Annotated[str | None, typer.Option(help="Metric; else the one that hypotheses are about.")]
Condition = Annotated[str | None, typer.Option(help="Condition of evaluation; else `clean`.")]
Selection = Annotated[str | None, typer.Option(help="Rule of choosing a checkpoint; else `last`.")]
Task = Annotated[str | None, typer.Option(help="Target tasks, by comma.")]
Contrast = Annotated[str | None, typer.Option(help="Contrasts and cells with this in their name: 'magnitude 0.5'.")]


class Theme(StrEnum):
    """Colours of the page; `auto` follows the reader's system."""

    auto = "auto"
    light = "light"
    dark = "dark"


PageTheme = Annotated[Theme, typer.Option(help="Colours; `auto` follows the reader's system.")]


def report(
    folder: Folder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.html", help="Write the page here, in the place of an older.")
    ] = Path("report.html"),
    theme: PageTheme = Theme.auto,
) -> None:
    """One page with everything: claims, health, figures, methods; needs no network, may be sent as it is."""
    from results.report.evidence import gather_evidence
    from results.report.page import render_page, write_page
    from results.store import ResultStore

    text = render_page(gather_evidence(ResultStore.open(folder)), theme=theme.value)
    write_page(output, text)
    typer.echo(f"{output.resolve()}  ({len(text.encode()) / 1e6:.1f} MB)")


def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of this machine; 0 takes any that is free.")] = 8765,
    theme: PageTheme = Theme.auto,
) -> None:
    """Show the same page to this machine's browser while the sweep runs; it renews itself. Reads only."""
    from results.report.live import serve as serve_page

    serve_page(folder, port=port, theme=theme.value)


def plot(
    kind: Annotated[
        str,
        typer.Argument(
            help="contrasts, heatmap, curves, best, corpus, slopes, groups, surface, matrix, failures, selections; "
            "or all of them."
        ),
    ],
    folder: Folder,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help=".svg, .png, .html (with its table) or .json; a folder for `all`."
        ),
    ] = None,
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    selection: Selection = None,
    task: Task = None,
    contrast: Contrast = None,
    theme: Annotated[FigureTheme, typer.Option(help="Colours.")] = FigureTheme.light,
    scale: Annotated[float, typer.Option(min=0.5, max=8, help="Pixels of a PNG for one of the figure.")] = 2.0,
) -> None:
    """One figure as a file, or all of them: prints where it is, its caption, and what it shows in words."""
    from results.report.figures.view import Choice
    from results.report.plotting import plot_figures

    choice = Choice(task=task, metric=metric, condition=condition, selection=selection, contrast=contrast)
    saved = plot_figures(kind, folder, choice, language=language, output=output, theme=theme.value, scale=scale)
    for path, figure in saved:
        typer.echo(str(path) if len(saved) > 1 else f"{path}\n\n{figure.caption}\n\n{figure.alt_text}")


def table(
    folder: Folder,
    form: Annotated[TableForm, typer.Option("--format", help="latex (booktabs) or markdown.")] = TableForm.latex,
    contrasts: Annotated[
        bool, typer.Option("--contrasts", help="A line a contrast with p and verdict, not cells by languages.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write here, not to standard output.")
    ] = None,
    language: Language = None,
    metric: Metric = None,
    condition: Condition = None,
    selection: Selection = None,
    task: Task = None,
    contrast: Contrast = None,
) -> None:
    """A table for a paper: bold only where the corrected interval excludes zero."""
    from results.report.figures.view import Choice
    from results.report.plotting import write_table

    choice = Choice(task=task, metric=metric, condition=condition, selection=selection, contrast=contrast)
    text = write_table(folder, choice, language=language, form=form.value, of_contrasts=contrasts, output=output)
    if text is not None:
        typer.echo(text, nl=False)
