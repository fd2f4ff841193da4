"""What people read of a plan: time, money, disk, and how small a difference is found."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.cli.plan_text import MAX_NUM_CELLS, print_plan
from sweeps.cli.summary import PlanQuestions, Summary, summarise_plan
from sweeps.planning.plan import plan_sweep
from tests.sweeps.factories import make_space
from tests.sweeps.finished import finish_trials
from tests.sweeps.forecast.test_rates import describe_trial, score_trial
from xlt_core.errors import SpecError


def _text(summary: Summary) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    print_plan(summary, console)
    return console.export_text()


def _line(summary: Summary, name: str) -> str:
    return next((line for line in _text(summary).splitlines() if line.startswith(f"{name} ")), "")


@pytest.fixture
def half_done(tmp_path: Path) -> Path:
    """Folder of a sweep whose one seed has run; a second can be asked for."""
    finish_trials(tmp_path / "s", plan_sweep(make_space()), score_trial, describe_trial)
    return tmp_path / "s"


def test_without_history_it_says_how_time_can_be_known() -> None:
    assert "--probe measures a few steps now" in _line(summarise_plan(make_space(), None), "time")


def test_history_of_the_folder_tells_time_and_the_seconds_of_each_group(half_done: Path) -> None:
    """Of the second seed: one intermediate stage of 2 s, four trials of 5.5 s. The encoder was never published."""
    summary = summarise_plan(make_space(seeds=2), half_done, PlanQuestions(slots=1))
    estimate = summary["estimate"]
    assert (summary["num_pending"], estimate["source"], estimate["num_concurrent"]) == (4, "history", 1)
    assert estimate["wall_seconds"] == pytest.approx(6.5 + 2.5 + 4 * 5.5)
    assert "at 1 at a time, which are busy 100%" in _line(summary, "time")
    seconds = {group["stage"]: group["seconds"] for group in summary["stage_tree"] if group["kind"] != "target"}
    assert seconds == pytest.approx({"pretrain mini": 6.5, "intermediate world dose 1": 2.5})
    assert "time left" in _text(summary)


def test_money_is_that_of_gpu_hours_and_of_gpus_that_are_held(half_done: Path) -> None:
    space = make_space(seeds=2, resources={"gpu": 0.5})
    summary = summarise_plan(space, half_done, PlanQuestions(price=36.0, currency="EUR", slots=2))
    estimate = summary["estimate"]
    assert estimate["gpu_hours"] == pytest.approx(0.5 * estimate["busy_seconds"] / 3600)
    assert estimate["cost"] == pytest.approx(36.0 * estimate["gpu_hours"])
    assert estimate["held_cost"] == pytest.approx(36.0 * estimate["wall_seconds"] / 3600)
    assert f"{estimate['cost']:.2f} EUR" in _line(summary, "GPUs")
    free = summarise_plan(make_space(seeds=2), half_done, PlanQuestions(price=36.0))
    assert "nothing to pay" in _line(free, "GPUs")


def test_the_smallest_difference_stands_for_every_task_with_test_sets_at_hand() -> None:
    summary = summarise_plan(make_space(seeds=5), None)
    [task] = summary["detectable"]["tasks"]
    assert [(effect["language"], effect["num_examples"]) for effect in task["languages"]] == [
        ("src", 10),
        ("kin-hi", 10),
    ]
    text = _text(summary)
    assert "difference found" in text
    assert f"{task['languages'][0]['points']:.1f}" in text


def test_of_a_finished_sweep_nothing_is_left(half_done: Path) -> None:
    summary = summarise_plan(make_space(), half_done)
    assert "nothing is left to be run" in _line(summary, "time")
    assert summary["num_pending"] == 0


def test_thousands_of_cells_are_counted_and_not_listed() -> None:
    magnitudes = [place / 100 for place in range(MAX_NUM_CELLS + 5)]
    summary = summarise_plan(make_space(axes={"target.perturbation.magnitude": magnitudes}, **_plain()), None)
    assert "and 5 more" in _text(summary)
    assert len(summary["cells"]) == MAX_NUM_CELLS + 5


def _plain() -> dict[str, Any]:
    return {"baseline": {"target.perturbation.magnitude": 0.0}}


@pytest.mark.parametrize(
    ("questions", "slots", "num_gpus"),
    [
        (PlanQuestions(num_gpus=8), 32, 8),
        (PlanQuestions(slots=16), 16, 4),
        (PlanQuestions(slots=6, num_gpus=8), 6, 8),
    ],
)
def test_gpus_that_are_asked_for_are_all_used_whatever_cores_are_here(
    questions: PlanQuestions, slots: int, num_gpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.cli.summary.num_cores", lambda: 1)
    space = make_space(resources={"cpu": 3, "gpu": 0.25})
    estimate = summarise_plan(space, None, questions)["estimate"]
    assert (estimate["num_concurrent"], estimate["num_gpus"]) == (slots, num_gpus)


def test_more_at_a_time_than_the_gpus_hold_is_refused() -> None:
    with pytest.raises(SpecError, match="--slots 3 takes 3 GPUs at 1 a trial, and --gpus 2 is given"):
        summarise_plan(make_space(resources={"gpu": 1}), None, PlanQuestions(slots=3, num_gpus=2))
