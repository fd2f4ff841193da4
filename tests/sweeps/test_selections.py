"""Rules of selection through a whole sweep: rows, deltas, what an extension takes over, and what is left on disk."""

from pathlib import Path
from typing import Any

import pytest

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.cli.extend import show_extension
from sweeps.cli.output import SummaryFormat
from sweeps.growth.extend import plan_grown_sweep, summarise_extension
from sweeps.workers.execute import attempt_unit
from tests.sweeps.engine.test_work import make_filled_work
from tests.sweeps.factories import BASE, make_space, run_inline, silent_console, text_of

RULES = ("last", "english_dev", "target_oracle", "averaged")


def _space(languages: list[str], **changes: Any) -> SearchSpace:
    """Two magnitudes, no intermediate stage, every rule."""
    evaluation = {"languages": languages, "max_examples": 10, "selections": [*RULES[1:]], "num_candidates": 2}
    values: dict[str, Any] = {
        "base": {**BASE, "evaluation": evaluation},
        "axes": {"target.perturbation.magnitude": [0.0, 0.5]},
        "baseline": {"target.perturbation.magnitude": 0.0},
    }
    return make_space(**{**values, **changes})


def _rows(folder: Path) -> list[dict[str, Any]]:
    """Scores of the trials that are shown, by trial, each in the order of its file."""
    rows: list[dict[str, Any]] = ResultStore.open(folder).scores().to_pylist()
    return sorted(rows, key=lambda row: str(row["trial_id"]))


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep; not to be changed."""
    folder = tmp_path_factory.mktemp("swept") / "s"
    run_inline(_space(["src", "kin-hi", "far-lo"]), folder)
    return folder


def test_every_rule_has_its_scores_and_its_deltas_and_only_the_last_weights_have_predictions(swept: Path) -> None:
    store = ResultStore.open(swept)
    scores = {(row["trial_id"], row["selection"], row["language"]) for row in _rows(swept)}
    assert len(scores) == len(_rows(swept)) == 2 * len(RULES) * 3
    deltas = store.deltas().to_pylist()
    assert {row["selection"] for row in deltas} == set(RULES)
    assert len({(row["selection"], row["language"]) for row in deltas}) == len(deltas) == len(RULES) * 4
    assert store.predictions().num_rows == 2 * 3 * 10


def test_nothing_is_left_of_the_candidates_when_the_results_are_stored(swept: Path) -> None:
    assert not list(swept.rglob("candidate_*"))


def test_a_sweep_that_is_scored_in_parts_has_the_rows_of_one_that_was_scored_at_once(
    swept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    run_inline(_space(["src", "far-lo"]), folder)
    outcome = run_inline(_space(["src", "kin-hi", "far-lo"]), folder)
    assert outcome.num_run == 2
    assert _rows(folder) == _rows(swept)


def test_an_extension_says_that_weights_on_the_way_are_trained_again(swept: Path) -> None:
    store = ResultStore.open(swept)
    grown = plan_grown_sweep(_space(["src", "kin-hi", "far-lo", "kin-lo"]), store)
    summary = summarise_extension(grown, store, has_weights=lambda _: True)
    assert set(summary.needs.values()) == {"train again"}
    console = silent_console()
    show_extension(summary, SummaryFormat.table, console)
    assert "2  to be trained again: evaluation.selections need weights on the way" in text_of(console)
    assert "keep_weights" not in text_of(console), "it would not help"


def test_the_number_that_stands_for_a_trial_is_of_its_last_weights(tmp_path: Path) -> None:
    space = _space(["src", "kin-hi"], axes={})
    work = make_filled_work(tmp_path, base=space.base, axes={}, baseline={}, seeds=1)
    for shared in work.stages:
        attempt_unit(work.job_of_stage(shared))
    (trial_id,) = work.trials
    outcome = attempt_unit(work.job_of_trial(trial_id))
    rows = work.store.scores().to_pylist()
    last = [row["value"] for row in rows if row["selection"] == "last"]
    assert len(rows) == len(RULES) * len(last)
    assert outcome.macro == pytest.approx(sum(last) / len(last))
