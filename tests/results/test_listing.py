import io
from pathlib import Path

import pytest
from rich.console import Console

from results.failures import compute_failures
from results.listing import print_failures, print_trials
from tests.results.factories import plan_row, small_sweep, trial_row, write_store


def _console(width: int = 140) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=width), file


def test_every_trial_is_a_line_with_its_status_and_reason(tmp_path: Path) -> None:
    console, file = _console()
    print_trials(write_store(tmp_path, small_sweep()).trials(), console)
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert "weak-0 cell weak 0 diverged 10 1.5" in lines
    assert "weak-0 diverged: it diverged" in lines
    assert "late-0 cell late 0 pending" in lines
    assert "7 trials: 1 diverged, 5 ok, 1 pending" in file.getvalue()


def test_brackets_in_a_cell_are_shown_as_they_stand(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row(cell="encoder [old]/xlm [/x]")])
    console, file = _console()
    print_trials(store.trials(), console)
    assert "encoder [old]/xlm [/x]" in file.getvalue()


@pytest.mark.parametrize(("width", "is_shown"), [(120, True), (70, False)])
def test_how_large_a_perturbation_was_is_shown_where_there_is_room(tmp_path: Path, width: int, is_shown: bool) -> None:
    store = write_store(tmp_path, small_sweep())
    sizes = {"size_kind": "words", "size_mean": 0.125, "loss_gap": 0.25}
    store.publish_trial(trial_row("late-0", **sizes), [])
    console, file = _console(width)
    print_trials(store.trials(), console)
    text = " ".join(file.getvalue().split())
    assert ("late-0 cell late 0 ok 10 1.5 0.125 +0.250" in text) == is_shown
    assert ("(words) share of words exchanged" in text) == is_shown
    assert "late-0 cell late 0 ok 10 1.5" in text


def test_sizes_that_no_trial_has_take_no_room(tmp_path: Path) -> None:
    console, file = _console()
    print_trials(write_store(tmp_path, small_sweep()).trials(), console)
    assert "size" not in file.getvalue()
    assert "loss gap" not in file.getvalue()


def test_failures_are_a_line_a_cell_with_share_and_interval(tmp_path: Path) -> None:
    console, file = _console()
    print_failures(compute_failures(write_store(tmp_path, small_sweep()).trials()), (), console)
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert lines[0] == "cell finished ok degenerate diverged failed % 95 % interval"
    assert lines[2:5] == [
        "cell base 2 2 0 0 0 0 to 84",
        "cell strong 2 2 0 0 0 0 to 84",
        "cell weak 2 1 0 1 50 1 to 99",
    ]


def test_failures_that_say_nothing_about_training_have_a_count_but_no_share(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row("base", 0)])
    store.publish_trial(trial_row("base-0", "oom"), [])
    console, file = _console()
    print_failures(compute_failures(store.trials(), ["method", "seed"]), ["method", "seed"], console)
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    assert lines[0] == "method seed finished ok degenerate diverged oom failed % 95 % interval"
    assert lines[2] == "none 0 1 0 0 0 1"


def test_long_names_of_cells_are_broken_where_a_line_has_no_room(tmp_path: Path) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row("base", 0, cell="magnitude 0.5 · intermediate none · a learning rate of 0.00002")])
    store.publish_trial(trial_row("base-0"), [])
    for width, expected in ((160, 1), (100, 3)):
        console, file = _console(width)
        print_failures(compute_failures(store.trials()), (), console)
        table = file.getvalue().partition("failed: ")[0].strip().splitlines()[2:]
        assert len(table) == expected


@pytest.mark.parametrize(
    ("by", "whole"),
    [
        ((), {"gaussian", "magnitude", "0.3", "0.308", "+0.062"}),
        (("method", "magnitude"), {"gaussian", "0.125", "method", "magnitude"}),
    ],
)
def test_failures_keep_labels_and_numbers_whole_on_a_usual_terminal(
    tmp_path: Path, by: tuple[str, ...], whole: set[str]
) -> None:
    store = write_store(tmp_path, [])
    store.write_plan([plan_row("base", 0, cell="gaussian magnitude 0.3", method="gaussian", magnitude=0.125)])
    sizes = {"size_kind": "embedding", "size_mean": 0.308, "loss_gap": 0.0625}
    store.publish_trial(trial_row("base-0", "degenerate", **sizes), [])
    console, file = _console(80)
    print_failures(compute_failures(store.trials(), by), by, console)
    words = file.getvalue().partition("failed: ")[0].split()
    assert whole | {"finished", "degenerate", "diverged", "100"} <= set(words)
    assert ("size:" in file.getvalue()) == ("0.308" in words)
