"""`--until-ci` of `xlt sweep run` and `extend`: its options, and the launches that follow. Light until it runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from results.store import ResultStore
    from search_spaces.space import SearchSpace
    from sweeps.engine.options import LaunchOptions, SweepOutcome
    from sweeps.growth.widths import CellStanding, Goal
    from sweeps.planning.plan import PlannedTrial

UntilCi = Annotated[
    float | None,
    typer.Option(
        "--until-ci",
        metavar="POINTS",
        help="Then add seeds to each cell until its delta's 95 % interval is within plus or minus this.",
    ),
]
GoalLanguage = Annotated[
    str | None, typer.Option("--language", metavar="CODE", help="Whose interval --until-ci looks at; else macro.")
]
MaxSeeds = Annotated[
    int | None, typer.Option("--max-seeds", help="Most seeds that --until-ci may give a cell; else 40.")
]


def make_goal(until_ci: float | None, language: str | None, max_seeds: int | None) -> "Goal | None":
    """Read the three options; none where no width is asked for.

    Raises:
        SpecError: the goal can never be met, or an option says nothing without `--until-ci`.
    """
    from sweeps.growth.widths import Goal
    from xlt_core.errors import SpecError

    given = {name: value for name, value in (("language", language), ("max_seeds", max_seeds)) if value is not None}
    if until_ci is not None:
        return Goal(half_width=until_ci, **given)  # type: ignore[arg-type]
    if "language" in given:
        raise SpecError("--language says whose interval --until-ci looks at; to score more languages, give --languages")
    if "max_seeds" in given:
        raise SpecError("--max-seeds limits --until-ci; to say how many seeds there are to be, give --seeds")
    return None


def run_or_narrow(
    store: "ResultStore",
    space: "SearchSpace",
    trials: "Sequence[PlannedTrial]",
    options: "LaunchOptions",
    goal: "Goal | None",
    console: Console,
) -> "SweepOutcome":
    """Run what of the trials is missing; with a goal, then more seeds, and say of each cell where it stands."""
    from sweeps.engine.launch import run_missing
    from sweeps.engine.until_ci import run_until_narrow

    def run(asked: "Sequence[PlannedTrial]") -> "SweepOutcome":
        return run_missing(store, asked, options, console)

    if goal is None:
        return run(trials)
    narrowing = run_until_narrow(store, space, trials, run, goal, console)
    print_standings(narrowing.cells, console)
    return narrowing.outcome


def print_standings(cells: "Sequence[CellStanding]", console: Console) -> None:
    """Write one line a cell."""
    for standing in cells:
        console.print(standing.sentence, markup=False, highlight=False, soft_wrap=True)
