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
