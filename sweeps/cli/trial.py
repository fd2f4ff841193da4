"""`xlt trial run|predict`: one trial in this process, without Ray. In: a file of settings. Out: scores, or files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sweeps.cli.output import SummaryFormat, print_json

if TYPE_CHECKING:
    from rich.status import Status

    from results.store import ResultStore
    from sweeps.units.stopping import SignalWatch
    from xlt_core.plan import TrialPlan
    from xlt_core.progress import OnProgress, Progress
    from xlt_core.spec import TrialSpec

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="YAML or JSON file with the settings of one trial.")]
Out = Annotated[Path, typer.Option(help="Folder for the results; may hold other single trials.")]
Format = Annotated[SummaryFormat, typer.Option("--format", help="table or json")]

app = typer.Typer(help="Run single trials.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run single trials."""


@app.command("run")
def run(
    spec: SpecFile,
    out: Out,
    output: Format = SummaryFormat.table,
) -> None:
    """Run one trial and print its scores; a trial that the folder holds is not run again."""
    from results.views import Choice, show_scores
    from search_spaces.space import Resources
    from sweeps.cli.sweep import finish
    from sweeps.engine.launch import run_missing
    from sweeps.engine.options import LaunchOptions
    from sweeps.planning.plan import plan_single_trial
    from sweeps.tables.rows import plan_row

    trial = plan_single_trial(read_trial_spec(spec))
    store = _begin(out)
    store.write_plan([plan_row(trial)])
    console = Console(stderr=True)
    options = LaunchOptions(resources=Resources(), inline=True)
    outcome = run_missing(store, [trial], options, console)
    choice = Choice(trial_id=trial.trial_id, include="degenerate")
    finish(outcome, output, console, lambda: show_scores(out, choice, "table"))


@app.command("predict")
def predict(
    spec: SpecFile,
    out: Annotated[
        Path, typer.Option(help="Folder to work in: of single trials, or of a sweep whose stages are used again.")
    ],
    submission: Annotated[
        Path | None, typer.Option(help="Folder that TASK/test-LANGUAGE.* are written to; else OUT/submission.")
    ] = None,
    output: Format = SummaryFormat.table,
) -> None:
    """Train one trial and write its answers to the test sets, labelled or not, as XTREME wants them submitted."""
    from sweeps.planning.plan import plan_single_trial
    from sweeps.submission import describe_submission, find_submission
    from xlt_core.tasks import load_task

    plan = plan_single_trial(_ask_for_whole_sets(read_trial_spec(spec)), needs_labels=False).plan
    folder = (submission or out / "submission") / load_task(plan.spec.target.task).name
    console = Console(stderr=True)
    if find_submission(folder, plan.trial_id):
        console.print("These predictions are there already; nothing was run", highlight=False)
    else:
        _predict_once(plan, out, folder, console)
    summary = describe_submission(folder)
    if output is SummaryFormat.json:
        print_json(summary)
    else:
        Console().print(f"{len(summary['files'])} files in {summary['folder']}", highlight=False, soft_wrap=True)
    if summary["status"] != "ok":
        console.print(f"{summary['status']}: {summary['reason']}", markup=False, highlight=False, soft_wrap=True)
    missing = summary["missing"]
    for reason in dict.fromkeys(missing.values()):
        languages = " ".join(code for code, why in missing.items() if why == reason)
        console.print(f"No file for {languages}: {reason}", markup=False, highlight=False, soft_wrap=True)


def _ask_for_whole_sets(spec: "TrialSpec") -> "TrialSpec":
    """The same trial, to be asked for every example as it is."""
    from xlt_core.conditions.spec import CleanSpec

    evaluation = spec.evaluation.model_copy(update={"conditions": (CleanSpec(),), "max_examples": None})
    return spec.model_copy(update={"evaluation": evaluation})


def _predict_once(plan: "TrialPlan", out: Path, folder: Path, console: Console) -> None:
    from results.errors import NotASweepError
    from results.store import ResultStore
    from sweeps.submission import predict_and_write
    from sweeps.units.lock import only_one_driver
    from sweeps.units.stopping import StopSweep, signals_stop_the_sweep
    from xlt_core.workspace import Workspace

    try:
        store = ResultStore.open(out, for_writing=True)
    except NotASweepError:
        store = _begin(out)
    workspace = Workspace(root=store.folder.absolute())
    try:
        with only_one_driver(store.storage), signals_stop_the_sweep() as signals, console.status("starting") as status:
            answers = predict_and_write(plan, workspace, folder, _show_steps(console, status, signals))
    except StopSweep as stop:
        console.print(f"{stop.reason}; the same command goes on from the last checkpoint", highlight=False)
        raise typer.Exit(130) from stop
    if not answers.predictions:
        reasons = [answers.reason] if answers.reason else [f"{code}: {why}" for code, why in answers.missing.items()]
        console.print(f"nothing is predicted: {'; '.join(reasons)}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)


def _show_steps(console: Console, status: "Status", signals: "SignalWatch") -> "OnProgress":
    """Tell how far training is: live in a terminal, elsewhere a line a stage; and look whether it is to stop."""
    begun: set[str] = set()

    def show(progress: "Progress") -> None:
        signals.check()
        status.update(f"{progress.kind} step {progress.num_steps_taken}/{progress.num_steps}")
        if not console.is_terminal and progress.stage_key not in begun:
            begun.add(progress.stage_key)
            console.print(f"{progress.kind} stage: {progress.num_steps} steps", highlight=False)

    return show


def _begin(out: Path) -> "ResultStore":
    """Make a folder, or open the one that is there, for single trials."""
    from results.store import ResultStore
    from xlt_core.canonical import content_key

    return ResultStore.create(out, {"name": "single-trials", "sweep_id": content_key("single trials")})


def read_trial_spec(path: Path) -> "TrialSpec":
    """Read a trial's settings from a file.

    Raises:
        SpecError: no such file, or it is not a valid spec; names each place.
    """
    from pydantic import ValidationError

    from search_spaces.document import read_document
    from search_spaces.problems import Problem, SpaceError
    from search_spaces.validation import Finding, explain_error
    from xlt_core.canonical_spec import canonical_trial_spec
    from xlt_core.checks import find_misfits
    from xlt_core.errors import SpecError
    from xlt_core.spec import TrialSpec, parse_trial_spec

    try:
        document = read_document(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}; give a YAML or JSON file with a trial's settings") from error
    try:
        spec = parse_trial_spec(document.values)
        findings = [Finding(*misfit) for misfit in find_misfits(canonical_trial_spec(spec))]
    except ValidationError as error:
        findings = [explain_error(detail, TrialSpec) for detail in error.errors()]
    if findings:
        raise SpaceError([Problem(*finding) for finding in findings], document.origin_of)
    return spec
