"""Scoring runs the score stages and what they need, once, and nothing else."""

import json
from pathlib import Path

import pytest

from results.store import ResultStore
from sweeps.engine.options import LaunchOptions
from sweeps.scoring import ScoringOutcome, score_examples
from tests.sweeps.factories import make_space, silent_console, text_of
from tests.sweeps.scored import make_scored_space, write_columns
from xlt_core.errors import DataError, SpecError

OPTIONS = LaunchOptions(resources=make_space().resources, inline=True)


def _list_kinds(folder: Path) -> list[str]:
    manifests = [json.loads(path.read_text()) for path in (folder / "stages").glob("*/manifest.json")]
    return sorted(manifest["stage"]["kind"] for manifest in manifests)


def test_only_score_stages_run_and_the_trials_stay_to_be_run(tmp_path: Path) -> None:
    space = make_scored_space(write_columns(tmp_path))
    console = silent_console()
    outcome = score_examples(space, tmp_path / "s", OPTIONS, console)
    assert (outcome.exit_status, dict(outcome.failures), len(outcome.stages)) == (0, {}, 2)
    assert _list_kinds(tmp_path / "s") == ["score", "score"]  # the encoder under test is not needed
    assert text_of(console).count("done") == 2
    assert set(ResultStore.open(tmp_path / "s").trials()["status"].to_pylist()) == {"pending"}
    again = silent_console()
    assert score_examples(space, tmp_path / "s", OPTIONS, again).exit_status == 0
    assert text_of(again) == ""


@pytest.mark.ray
def test_on_ray_the_same_stages_run(tmp_path: Path) -> None:
    space = make_scored_space(write_columns(tmp_path))
    options = LaunchOptions(resources=space.resources)
    outcome = score_examples(space, tmp_path / "s", options, silent_console())
    assert (outcome.exit_status, dict(outcome.failures)) == (0, {})
    assert _list_kinds(tmp_path / "s") == ["score", "score"]


def test_a_pool_that_a_file_does_not_cover_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    paths = write_columns(tmp_path)
    lines = paths[0].read_text().splitlines()
    paths[0].write_text("\n".join(lines[:-5]) + "\n")
    with pytest.raises(DataError, match=r"scorer.tsv: no score for 5 of 6000 examples"):
        score_examples(make_scored_space(paths), tmp_path / "s", OPTIONS, silent_console())
    assert not (tmp_path / "s").exists()


def test_a_space_that_scores_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="nothing in it is scored"):
        score_examples(make_space(), tmp_path / "s", OPTIONS, silent_console())


def test_an_outcome_without_failures_is_well() -> None:
    assert ScoringOutcome(stages=(), failures={}, seconds=0.0).exit_status == 0
