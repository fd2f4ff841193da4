"""`xlt trial run`: one trial in this process, without Ray. In: a file of settings. Out: scores on stdout."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sweeps.cli.output import SummaryFormat

if TYPE_CHECKING:
    from xlt_core.spec import TrialSpec

app = typer.Typer(help="Run single trials.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run single trials."""


@app.command("run")
def run(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="YAML or JSON file with the settings of one trial.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; may hold other single trials.")],
    output: Annotated[SummaryFormat, typer.Option("--format", help="table or json")] = SummaryFormat.table,
) -> None:
    """Run one trial and print its scores; a trial that the folder holds is not run again."""
    from results.store import ResultStore
    from results.views import Choice, show_scores
    from search_spaces.space import Resources
    from sweeps.cli.sweep import finish
    from sweeps.launch import LaunchOptions, run_missing
    from sweeps.plan import plan_single_trial
    from sweeps.rows import plan_row
    from xlt_core.canonical import content_key

    trial = plan_single_trial(read_trial_spec(spec))
    store = ResultStore.create(out, {"name": "single-trials", "sweep_id": content_key("single trials")})
    store.write_plan([plan_row(trial)])
    console = Console(stderr=True)
    options = LaunchOptions(resources=Resources(), inline=True)
    outcome = run_missing(store, [trial], options, console)
    choice = Choice(where=f"trial_id = '{trial.trial_id}'", include_degenerate=True)
    finish(outcome, output, console, lambda: show_scores(out, choice, "table"))


def read_trial_spec(path: Path) -> "TrialSpec":
    """Read a trial's settings from a file.

    Raises:
        SpecError: no such file, or it is not a valid spec; names each place.
    """
    from pydantic import ValidationError

    from search_spaces.document import read_document
    from search_spaces.problems import Problem, SpaceError
    from search_spaces.validation import Finding, explain_error
    from xlt_core.checks import find_misfits
    from xlt_core.errors import SpecError
    from xlt_core.spec import TrialSpec, canonical_trial_spec, parse_trial_spec

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
