"""`xlt difficulty score|show`. In: a space, or a folder with scores. Out: tables, text histograms, plots, or json.

Progress and notes go to stderr. Heavy modules are imported when a command runs.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from sweeps.cli.output import SummaryFormat, print_json

if TYPE_CHECKING:
    from sweeps.scoring import ScoringOutcome

app = typer.Typer(help="Score how hard training examples are, and look at the scores.", no_args_is_help=True)

Format = Annotated[SummaryFormat, typer.Option("--format", help="table or json")]


@app.command("score")
def score(
    space: Annotated[str, typer.Argument(metavar="SPACE", help="A YAML file, or the name of a ready-made space.")],
    out: Annotated[Path, typer.Option(help="The sweep's folder: new, or of this sweep.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one key of the space; may be given again."),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Of a running Ray: auto, or IP:PORT of its head; else one is started here.")
    ] = None,
    inline: Annotated[bool, typer.Option("--inline", help="In this one process, without Ray.")] = False,
    output: Format = SummaryFormat.table,
) -> None:
    """Score the examples that a space draws its arms of, each set once; runs no trial."""
    from search_spaces.loading import load_space
    from sweeps.cli.difficulty_summary import print_scorings, summarise_scorings
    from sweeps.engine.options import LaunchOptions
    from sweeps.scoring import score_examples

    loaded = load_space(space, overrides or ())
    console = Console(stderr=True)
    options = LaunchOptions(resources=loaded.resources, address=address, inline=inline)
    outcome = score_examples(loaded, out, options, console)
    rows = summarise_scorings(out, outcome)
    if output is SummaryFormat.json:
        print_json(rows)
    else:
        print_scorings(rows, Console())
    _say_how_it_ended(outcome, out, console)
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)


def _say_how_it_ended(outcome: "ScoringOutcome", out: Path, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    folder = escape(str(out))
    if outcome.stopped is not None:
        say(f"{escape(outcome.stopped.reason)}. Nothing published is lost; the same command goes on")
    elif outcome.failures:
        say("Some scores are missing, for the reasons above; arms cannot be drawn without them")
    else:
        say(f"Look at them with: xlt difficulty show {folder}")


@app.command("show")
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The sweep's folder.")],
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Key of one score stage, or how it begins; else all.")
    ] = None,
    num_examples: Annotated[int, typer.Option("--examples", min=0, help="Examples at either end.")] = 3,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png or .pdf.")] = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Show published scores: distribution, arms, examples at both ends, agreement between scorers, checks of arms."""
    from sweeps.cli.difficulty_summary import print_summaries
    from sweeps.difficulty import summarise_scores

    summaries = summarise_scores(folder, key, num_examples)
    if plot is not None:
        from sweeps.cli.difficulty_plot import draw_summaries

        draw_summaries(summaries, plot)
        Console(stderr=True).print(f"drawn in {escape(str(plot))}", highlight=False, soft_wrap=True)
    if output is SummaryFormat.json:
        print_json(summaries)
    else:
        print_summaries(summaries, Console())
