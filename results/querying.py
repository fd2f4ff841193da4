"""`xlt results query`: SQL on one sweep or several. Imports no more than a query needs, since most take no time."""

from collections.abc import Sequence
from pathlib import Path

from results.formats import open_console, resolve_format, write_output
from results.plain_table import print_rows
from results.queries import run_query
from results.several import open_stores


def show_query(folders: Sequence[str], sql: str, form: str | None = None, output: Path | None = None) -> None:
    """Show what a SQL statement gives; of several sweeps, the tables say in `sweep` whose a row is."""
    form = resolve_format(form, output)
    table = run_query(open_stores(folders), sql)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        print_rows(table, console)
