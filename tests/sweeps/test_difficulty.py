"""What is shown of published scores: numbers that follow from the scores, and examples that are in the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from results.errors import ResultsError
from results.store import ResultStore
from sweeps.difficulty import summarise_scores
from sweeps.engine.options import LaunchOptions
from sweeps.scoring import score_examples
from tests.sweeps.factories import run_inline, silent_console
from tests.sweeps.scored import make_scored_space, write_columns
from xlt_core.errors import StoreError
from xlt_core.tasks import load_task


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a sweep whose trials have run, arms among them; not to be changed."""
    folder = tmp_path_factory.mktemp("scored")
    space = make_scored_space(write_columns(folder))
    score_examples(space, folder / "s", LaunchOptions(resources=space.resources, inline=True), silent_console())
    outcome = run_inline(space, folder / "s")
    assert (outcome.num_run, outcome.exit_status) == (3, 0)
    return folder / "s"


def _summarise(folder: Path) -> dict[str, dict[str, Any]]:
    """By the file that was read."""
    stages = {summary["key"]: summary for summary in summarise_scores(folder)}
    assert len(stages) == 2
    drawn = next(summary for summary in stages.values() if summary["checks"])
    other = next(summary for summary in stages.values() if not summary["checks"])
    return {"scorer": drawn, "independent": other}


def test_the_distribution_is_that_of_the_scores(scored: Path) -> None:
    summary = _summarise(scored)["scorer"]
    known = np.loadtxt(scored.parent / "scorer.tsv", skiprows=1, usecols=1)
    assert (summary["task"], summary["measure"], summary["num_examples"]) == ("world", "column", len(known))
    assert summary["mean"] == pytest.approx(known.mean())
    assert summary["sd_over_examples"] == pytest.approx(known.std())
    assert summary["quantiles"]["0.5"] == pytest.approx(np.median(known))
    assert (summary["quantiles"]["0"], summary["quantiles"]["1"]) == pytest.approx((known.min(), known.max()))
    assert sum(summary["histogram"]["counts"]) == len(known)


def test_arms_are_of_one_size_and_rise_with_the_dose_by_both_scorers(scored: Path) -> None:
    summaries = _summarise(scored)
    other = summaries["independent"]["key"]
    arms = {arm["arm"]: arm for arm in summaries["scorer"]["arms"]}
    assert list(arms) == ["easy", "half", "hard", "random", "mid"]
    assert len({arm["num_examples"] for arm in arms.values()}) == 1
    for means in (
        [arms[name]["mean"] for name in ("easy", "half", "hard")],
        [arms[name]["mean_by"][other] for name in ("easy", "half", "hard")],
    ):
        assert means == sorted(means)
        assert means[1] == pytest.approx((means[0] + means[2]) / 2, abs=0.05 * (means[2] - means[0]))


def test_an_arm_that_was_trained_on_is_as_hard_as_the_row_and_the_summary_say(scored: Path) -> None:
    summary = _summarise(scored)["scorer"]
    rows = ResultStore.open(scored).trials().to_pylist()
    hard = next(arm for arm in summary["arms"] if arm["arm"] == "hard")
    (bits,) = {row["bits"] for row in rows if row["dose"] == 1.0}
    assert bits == pytest.approx(hard["mean"])
    (trained,) = (arm for arm in summary["checks"] if arm["dose"] == 1.0)
    assert (trained["num_examples"], trained["mean_difficulty"]) == (hard["num_examples"], pytest.approx(bits))
    assert {check["name"]: check["passed"] for check in trained["checks"]}["independent"]
    assert {row["bits"] for row in rows if row["intermediate_task"] is None} == {None}


def test_examples_at_both_ends_are_read_again_from_the_data(scored: Path) -> None:
    summary = _summarise(scored)["scorer"]
    pool = load_task("world").load_train("hub", dose=None, data_seed=0)
    place_of = {name: place for place, name in enumerate(pool.ids)}
    lowest, highest = ([each["score"] for each in summary[end]] for end in ("easiest", "hardest"))
    assert lowest == sorted(lowest)
    assert highest == sorted(highest, reverse=True)
    assert (lowest[0], highest[0]) == (summary["quantiles"]["0"], summary["quantiles"]["1"])
    for example in (*summary["easiest"], *summary["hardest"]):
        place = place_of[example["id"]]
        assert example["texts"] == [pool.first[place], pool.second[place]]
        assert example["label"] == load_task("world").labels[pool.labels[place]]


def test_agreement_is_the_same_from_either_side(scored: Path) -> None:
    summaries = _summarise(scored)
    (one,), (other,) = (summaries[name]["agreement"] for name in ("scorer", "independent"))
    assert (one["key"], other["key"]) == (summaries["independent"]["key"], summaries["scorer"]["key"])
    assert one["spearman"] == pytest.approx(other["spearman"])
    assert 0.8 < one["spearman"] < 1.0
    assert 1 / 3 < one["hardest_overlap"] < 1.0


def test_one_stage_is_named_by_how_its_key_begins(scored: Path) -> None:
    key = _summarise(scored)["scorer"]["key"]
    assert [summary["key"] for summary in summarise_scores(scored, key[:8], num_examples=0)] == [key]
    with pytest.raises(StoreError, match=f"there are .*{key}"):
        summarise_scores(scored, "no-such-key")


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    ResultStore.create(tmp_path / "s", {"name": "small", "sweep_id": "1"})
    with pytest.raises(StoreError, match="xlt difficulty score SPACE"):
        summarise_scores(tmp_path / "s")
    with pytest.raises(ResultsError):
        summarise_scores(tmp_path)
