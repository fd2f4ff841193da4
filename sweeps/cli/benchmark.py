"""`xlt results benchmark`: the averages of XTREME, XTREME-R or XGLUE over the sweeps of its tasks.

In: folders of sweeps. Out: a table for people, or CSV, JSON or Parquet and nothing else on standard output.
"""

from pathlib import Path
from typing import Annotated

import typer

from results.commands import Format, Include, Output

Folders = Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders that `xlt sweep run` wrote to.")]
BenchmarkName = Annotated[str, typer.Option("--benchmark", help="xtreme, xtreme-r or xglue: `xlt list benchmarks`.")]
OneCondition = Annotated[str | None, typer.Option("--condition", help="Condition of evaluation; else clean.")]


def run_benchmark(
    folders: Folders,
    benchmark: BenchmarkName,
    condition: OneCondition = None,
    include: Include = None,
    form: Format = None,
    output: Output = None,
) -> None:
    """A benchmark's official averages, cell by cell; none where a language or a task is missing, and which is."""
    from results.means import split_statuses
    from results.standings import show_averages
    from xlt_core.benchmarks import find_benchmark

    show_averages(
        folders,
        find_benchmark(benchmark),
        condition=condition,
        include=split_statuses(include),
        form=form,
        output=output,
    )
