"""`xlt demo`: the whole loop on the embedded world. In: nothing. Out: a sweep's folder, deltas on stdout, a report."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

_NEXT = """
What can and cannot be said of it is in {page}: open it in a browser.

What to try next
  all deltas, by language              xlt results deltas {folder}
  every score, for a program           xlt results scores {folder} --format csv
  what may be claimed                  xlt results contrasts {folder}
  the report, while a sweep runs       xlt results serve {folder}
  any question, in SQL                 xlt results query {folder} "SELECT cell, avg(value) FROM results GROUP BY ALL"
  what more seeds would cost           xlt sweep plan demo --set seeds=4 --out {folder}
  run them: only what is missing runs  xlt sweep run demo --set seeds=4 --out {folder}
"""


def run_demo(
    out: Annotated[Path, typer.Option(help="The sweep's folder.")] = Path("runs/demo"),
    inline: Annotated[bool, typer.Option("--inline", help="In this one process, without Ray.")] = False,
    no_arrays: Annotated[bool, typer.Option("--no-arrays", help="Train trials one by one.")] = False,
) -> None:
    """Run a small sweep on the embedded world and show what came out; no download, no GPU."""
    from results.report.evidence import gather_evidence
    from results.report.page import render_page, write_page
    from search_spaces.loading import load_space
    from sweeps.cli.output import SummaryFormat
    from sweeps.cli.sweep import finish
    from sweeps.engine.begin import begin_sweep
    from sweeps.engine.launch import run_missing
    from sweeps.engine.options import LaunchOptions

    console = Console(stderr=True)
    space = load_space("demo")
    store, plan = begin_sweep(space, out)
    console.print(
        f"{space.description or space.name}\n{len(plan.trials)} trials, {plan.num_cells} cells, in {escape(str(out))}",
        highlight=False,
        soft_wrap=True,
    )
    options = LaunchOptions(resources=space.resources, inline=inline, arrays=not no_arrays)
    outcome = run_missing(store, plan.trials, options, console)
    page = out.with_name(f"{out.name}-report.html")
    write_page(page, render_page(gather_evidence(store)))
    finish(outcome, SummaryFormat.table, console)
    Console().print(_NEXT.format(folder=escape(str(out)), page=escape(str(page))), highlight=False, soft_wrap=True)
