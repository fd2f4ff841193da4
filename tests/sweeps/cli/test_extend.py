"""`xlt sweep extend` and `--until-ci`: what they say, run and refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from results.store import ResultStore
from sweeps.cli import app
from sweeps.cli.extend import show_extension
from sweeps.cli.output import SummaryFormat
from sweeps.cli.until_ci import make_goal
from sweeps.growth.extend import ExtensionSummary
from tests.sweeps.factories import silent_console, text_of
from xlt_core.errors import SpecError, XltError

_runner = CliRunner()


@pytest.fixture
def folder(finished_sweep: Path, tmp_path: Path) -> Path:
    """A copy of a finished sweep of 4 trials, no weights kept."""
    return shutil.copytree(finished_sweep, tmp_path / "s")


def _extend(folder: Path, *arguments: str) -> Any:
    return _runner.invoke(app, ["sweep", "extend", str(folder), *arguments], catch_exceptions=False)


def _counts(folder: Path, *arguments: str) -> dict[str, int]:
    answer = _extend(folder, *arguments, "--dry-run", "--format", "json")
    assert answer.exit_code == 0
    counts: dict[str, int] = json.loads(answer.stdout)
    return counts


def test_a_dry_run_says_what_each_change_takes_and_writes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    seeds = _counts(folder, "--seeds", "3")
    assert (seeds["num_planned_before"], seeds["num_planned"], seeds["num_trained"]) == (4, 12, 8)
    values = _counts(folder, "--axis", "target.perturbation.magnitude=1.0")
    assert (values["num_planned"], values["num_to_run"]) == (6, 2)
    languages = _counts(folder, "--languages", "+far-lo")
    assert (languages["num_planned"], languages["num_trained_again"], languages["num_scored_on_more"]) == (4, 4, 4)
    everything = _counts(folder, "--languages", "+far-lo", "--seeds", "2")
    assert (everything["num_planned"], everything["num_trained_again"], everything["num_trained"]) == (8, 4, 4)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_an_extension_runs_what_is_new_and_is_the_space_from_then_on(folder: Path) -> None:
    answer = _extend(folder, "--languages", "+far-lo", "--seeds", "2", "--inline", "--format", "json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["num_run"] == 8
    store = ResultStore.open(folder)
    assert {tuple(row["languages"]) for row in store.plan().to_pylist()} == {("src", "kin-hi", "far-lo")}
    assert store.sweep["space"]["seeds"] == 2
    assert store.sweep["space"]["base"]["evaluation"]["languages"] == ["src", "kin-hi", "far-lo"]
    assert _counts(folder, "--seeds", "2")["num_to_run"] == 0
    resumed = _runner.invoke(app, ["sweep", "resume", str(folder), "--inline", "--format", "json"])
    assert json.loads(resumed.stdout)["num_run"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing is to be extended"),
        (("--languages", "far-lo"), "languages kin-hi, src would no longer be scored"),
        (("--seeds", "2", "--set", "axes.target.perturbation.magnitude=[0.0]"), "would no longer be asked for"),
        (("--set", "optim.num_steps=5"), "keeps the name, the base"),
        (("--language", "far-lo"), "to score more languages, give --languages"),
        (("--max-seeds", "5"), "give --seeds"),
        (("--until-ci", "0"), "above 0"),
        (("--seeds", "2", "--until-ci", "1", "--language", "sw"), "--language sw: not scored here"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_written(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = (folder / "sweep.json").read_bytes()
    with pytest.raises(XltError, match=message):
        _extend(folder, *arguments)
    assert (folder / "sweep.json").read_bytes() == before
    assert ResultStore.open(folder).plan().num_rows == 4


def test_a_folder_of_single_trials_has_no_space_to_extend(tmp_path: Path) -> None:
    ResultStore.create(tmp_path / "t", {"name": "single-trials", "sweep_id": "1"})
    with pytest.raises(XltError, match="holds single trials"):
        _extend(tmp_path / "t", "--seeds", "2")


def test_weights_that_are_missed_are_told_with_how_to_keep_them() -> None:
    needs = {"a": "train", "b": "train again", "c": "score"}
    summary = ExtensionSummary(num_planned_before=2, num_planned=3, needs=needs, num_superseding=2)  # type: ignore[arg-type]
    console = silent_console()
    show_extension(summary, SummaryFormat.table, console)
    text = text_of(console)
    assert text.startswith("trials: 3, before: 2, to be run: 3\n")
    assert "1  to be trained again, to the same weights, which were not kept" in text
    assert "resources.keep_weights=true" in text


def test_a_goal_has_its_defaults_only_with_a_width() -> None:
    assert make_goal(None, None, None) is None
    goal = make_goal(0.5, None, None)
    assert goal is not None
    assert (goal.half_width, goal.language, goal.max_seeds) == (0.5, "macro", 40)
    with pytest.raises(SpecError, match="--languages"):
        make_goal(None, "sw", None)


def test_a_result_is_run_again_with_a_note_in_its_row_and_not_without(folder: Path) -> None:
    resume = ["sweep", "resume", str(folder), "--inline", "--format", "json", "--rerun", "degenerate"]
    degenerate = [row for row in ResultStore.open(folder).trials().to_pylist() if row["status"] == "degenerate"]
    with pytest.raises(XltError, match="--note TEXT"):
        _runner.invoke(app, resume, catch_exceptions=False)
    answer = _runner.invoke(app, [*resume, "--note", "the lights went out"], catch_exceptions=False)
    assert json.loads(answer.stdout)["num_run"] == len(degenerate) > 0
    rows = {row["trial_id"]: row for row in ResultStore.open(folder).trials().to_pylist()}
    assert {rows[row["trial_id"]]["note"] for row in degenerate} == {"rerun of degenerate: the lights went out"}


def test_a_sweep_runs_until_its_intervals_are_narrow_and_says_where_each_cell_stands(folder: Path) -> None:
    answer = _extend(folder, "--until-ci", "1000", "--max-seeds", "3", "--inline", "--format", "json")
    assert answer.exit_code == 0
    told = answer.stderr
    assert "magnitude 0.5 · intermediate none: " in told
    assert (
        ResultStore.open(folder).sweep["space"]["seeds"] == 1
    )  # the plan holds the seeds, the space what was asked for
