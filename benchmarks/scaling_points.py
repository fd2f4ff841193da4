"""What `benchmarks.scaling` measures, one function a point: the code that commands run, at one size.

In: a `Point`, which says the size and takes the figures. Imports stand in the functions: they are start-up.
"""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.scaling_point import Point, Series
from benchmarks.scaling_training import score_examples, score_languages, train_examples, train_tokens, train_width


def _forget_kept(sweep: Path) -> None:
    """As a driver left it, which reads no predictions: no command has looked at the sweep yet."""
    for path in (sweep / "compact" / "predictions.parquet", sweep / "contrasts" / "contrasts.parquet"):
        path.unlink(missing_ok=True)


def plan(point: Point) -> None:
    """`xlt sweep plan`: cells, specs, stages, identities."""
    from benchmarks.scaling_stores import make_space
    from sweeps.cli.summary import PlanQuestions, summarise_plan

    with point.preparing():
        space = make_space(point.size)
    with point.measured("planning"):
        summarise_plan(space, None, PlanQuestions())


def resume_all(point: Point) -> None:
    """`xlt sweep run`, then `resume` where nothing has finished, both up to the first trial."""
    from rich.console import Console

    from benchmarks.scaling_stores import make_space
    from sweeps.engine import launch
    from sweeps.engine.begin import begin_sweep
    from sweeps.engine.options import LaunchOptions

    launch.run_units = lambda dispatcher, options: None  # noqa: ARG005  # what trials take is another question
    with point.preparing():
        space = make_space(point.size)
    with point.measured("planning and writing"):
        store, _ = begin_sweep(space, point.folder / "sweep")
    options = LaunchOptions(resources=space.resources, inline=True, quiet=True)
    with point.measured("resuming, nothing done"):
        launch.resume_missing(store, options, Console(file=io.StringIO()))


def resume_none(point: Point) -> None:
    """`xlt sweep resume` where all is done."""
    from rich.console import Console

    from results.store import ResultStore
    from sweeps.engine.begin import read_resources
    from sweeps.engine.launch import resume_missing
    from sweeps.engine.options import LaunchOptions

    _forget_kept(point.sweep)
    with point.measured("resuming, all done"):
        store = ResultStore.open(point.sweep, for_writing=True)
        options = LaunchOptions(resources=read_resources(store), inline=True, quiet=True)
        resume_missing(store, options, Console(file=io.StringIO()))


def status(point: Point) -> None:
    """`xlt sweep status`."""
    from sweeps.cli.status import find_status

    _forget_kept(point.sweep)
    with point.measured("status"):
        find_status(point.sweep)


def dispatch(point: Point) -> None:
    """Every unit of a sweep handed out, four at a time, and done with."""
    from benchmarks.scaling_stores import make_space
    from sweeps.planning.plan import collect_shared_stages, plan_sweep
    from sweeps.units.graph import Unit, UnitGraph

    with point.preparing():
        trials = plan_sweep(make_space(point.size)).trials
        stages = collect_shared_stages(trials)
        units = [
            Unit(unit_id=one.stage.key, kind="stage", title="", needs=one.stage.needs, num_steps=2) for one in stages
        ]
        for trial in trials:
            needs = tuple(stage.key for stage in trial.plan.shared_stages)
            units.append(Unit(unit_id=trial.trial_id, kind="trial", title="", needs=needs, num_steps=2))
    with point.measured("handing out units"):
        graph = UnitGraph(units)
        running: list[str] = []
        while graph.num_open:
            while len(running) < 4 and (unit := graph.take()) is not None:
                running.append(unit.unit_id)
            graph.finish(running.pop(0))


def deltas(point: Point) -> None:
    """`xlt results deltas`, and a query."""
    from results.queries import run_query
    from results.several import open_stores
    from results.views import Choice, show_deltas

    with point.measured("deltas table"):
        show_deltas(point.sweep, Choice(language="macro"), output=point.folder / "deltas.txt")
    with point.measured("query"):
        run_query(open_stores([str(point.sweep)]), "SELECT language, avg(value) FROM results GROUP BY ALL")


def report(point: Point) -> None:
    """`xlt results report`: statistics of all cells, figures, the page."""
    from results.report.evidence import gather_evidence
    from results.report.page import render_page
    from results.store import ResultStore

    _forget_kept(point.sweep)
    _measure_report(point, lambda: gather_evidence(ResultStore.open(point.sweep)), render_page)


def _measure_report(point: Point, gather: Callable[[], Any], render: Callable[[Any], str]) -> None:
    with point.measured("report, gathering"):
        evidence = gather()
    with point.measured("report, the page"):
        render(evidence)
    point.add_up("report, whole")


def report_simulated(point: Point, **design: Any) -> None:
    """A report on few cells and seeds of a simulated sweep."""
    from results.report.evidence import gather_evidence
    from results.report.page import render_page
    from tests.results.simulated import Design, simulate_store

    sizes: dict[str, Any] = {"languages": ("en", "de", "tr", "sw"), "num_examples": 200, "num_seeds": 3} | design
    with point.preparing():
        store = simulate_store(point.folder / "sweep", Design(**sizes))
    _measure_report(point, lambda: gather_evidence(store), render_page)


def report_by_languages(point: Point) -> None:
    report_simulated(point, languages=("en", *(f"l{number:03}" for number in range(point.size - 1))))


def report_by_examples(point: Point) -> None:
    report_simulated(point, num_examples=point.size)


def report_by_magnitudes(point: Point) -> None:
    report_simulated(point, magnitudes=tuple(round(0.01 * number, 2) for number in range(point.size)))


def plan_magnitudes(point: Point) -> None:
    """`xlt sweep plan` of few doses and many magnitudes."""
    from benchmarks.scaling_stores import NUM_SEEDS, make_space
    from sweeps.cli.summary import PlanQuestions, summarise_plan

    with point.preparing():
        space = make_space(3 * NUM_SEEDS * point.size, point.size)
    with point.measured("planning"):
        summarise_plan(space, None, PlanQuestions())


_TRIALS = (300, 600, 1200, 2500, 5000, 10_000)

SERIES: Mapping[str, Series] = {
    "plan": Series(axis="trials", measure=plan, sizes=_TRIALS, is_per_trial=True),
    "resume-all": Series(axis="trials", measure=resume_all, sizes=_TRIALS, is_per_trial=True),
    "resume-none": Series(axis="trials", measure=resume_none, sizes=_TRIALS, on_sweep=True, is_per_trial=True),
    "dispatch": Series(axis="trials", measure=dispatch, sizes=_TRIALS, is_per_trial=True),
    "status": Series(axis="trials", measure=status, sizes=_TRIALS, on_sweep=True, is_per_trial=True),
    "deltas": Series(axis="trials", measure=deltas, sizes=_TRIALS, on_sweep=True, is_per_trial=True),
    "report": Series(axis="trials", measure=report, sizes=_TRIALS, on_sweep=True, is_per_trial=True),
    "report-languages": Series(axis="languages", measure=report_by_languages, sizes=(5, 10, 20, 40, 80, 160)),
    "report-examples": Series(axis="examples", measure=report_by_examples, sizes=(500, 1000, 2000, 4000, 8000, 16_000)),
    "report-magnitudes": Series(axis="magnitudes", measure=report_by_magnitudes, sizes=(4, 8, 16, 32, 64)),
    "plan-magnitudes": Series(axis="magnitudes", measure=plan_magnitudes, sizes=(5, 10, 20, 40, 80, 160)),
    "score-languages": Series(axis="languages", measure=score_languages, sizes=(2, 4, 8, 16, 32, 64)),
    "score-examples": Series(axis="examples", measure=score_examples, sizes=(500, 1000, 2000, 4000, 8000, 16_000)),
    "train-examples": Series(axis="examples", measure=train_examples, sizes=(500, 1000, 2000, 4000, 8000, 16_000)),
    "train-tokens": Series(axis="tokens a step", measure=train_tokens, sizes=(512, 2048, 4096, 8192, 16_384, 32_768)),
    "train-width": Series(axis="trials of an array", measure=train_width, sizes=(1, 2, 4, 8, 16, 32)),
}
"""By name, as `--only` takes it."""
