from io import StringIO

from rich.console import Console

from search_spaces.describe import render_summary, summarize_space
from search_spaces.expand import expand_space
from tests.search_spaces.factories import make_space

AXES = {
    "target.perturbation": {"method": ["fgm"], "magnitude": [0.0, 0.1]},
    "intermediate": ["none", {"task": "world"}],
}


def _rendered(space):
    console = Console(file=StringIO(), width=100)
    render_summary(summarize_space(space), console)
    return console.file.getvalue()


def test_a_summary_counts_what_the_expansion_makes():
    space = make_space(AXES, seeds=[2, 5, 9])
    summary = summarize_space(space)
    trials = expand_space(space)
    assert summary.num_trials == len(trials) == 12
    assert {cell.label for cell in summary.cells} == {trial.cell for trial in trials}
    assert summary.axes == {"target.perturbation": 2, "intermediate": 2}


def test_a_table_says_what_each_cell_is_compared_with_where_that_differs():
    text = _rendered(make_space(AXES))
    assert "4 cells x 1 seeds = 4 trials" in text
    row = next(line for line in text.splitlines() if "magnitude 0.1 · intermediate world" in line)
    assert "magnitude 0 · intermediate world" in row


def test_one_baseline_is_marked_and_not_repeated():
    text = _rendered(make_space(AXES, baseline={"target.perturbation.magnitude": 0.0, "intermediate": "none"}))
    assert "compared with" not in text
    assert text.count("magnitude 0 · intermediate none") == 1
    assert text.count("baseline") == 1


def test_brackets_are_shown_as_they_stand():
    axes = {
        "encoder": ["[old]/xlm", "[/x]"],
        "target.perturbation": {"method": ["fgm"], "magnitude": [0.0, 0.5]},
    }
    text = _rendered(make_space(axes, description="one [or] two"))
    assert "one [or] two" in text
    assert "encoder [old]/xlm · magnitude 0.5" in text
    assert "encoder [/x] · magnitude 0.5" in text


def test_cells_that_are_still_to_be_proposed_are_announced_and_ranges_told():
    axes = {"target.perturbation": {"method": ["fgm", "pgd"], "magnitude": {"uniform": [0.0, 1.0]}}}
    text = _rendered(make_space(axes, search={"optuna": {"num_cells": 9}}, seeds=3))
    assert "axis target.perturbation: 2 values, 1 range among them" in text
    assert "1 cells x 3 seeds = 3 trials" in text
    assert "and up to 9 cells x 3 seeds, proposed while the sweep runs, with their baselines" in text
