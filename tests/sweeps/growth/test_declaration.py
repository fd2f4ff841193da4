import shutil

import pytest

from results.analysis import Analysis
from results.store import ResultStore
from sweeps.engine.begin import begin_sweep
from sweeps.growth.declaration import explain_late_declaration
from tests.sweeps.factories import BASE, make_space, run_inline

CONTRAST = {"name": "noise", "against": {"target.perturbation.magnitude": 0.0}}


def make_declared(languages=("src",), margin=0.5, magnitudes=(0.0, 0.5), **changes):
    return make_space(
        base={**BASE, "evaluation": {"languages": list(languages), "max_examples": 5}},
        axes={"target.perturbation.magnitude": list(magnitudes)},
        baseline={"target.perturbation.magnitude": 0.0},
        analysis={"margin": margin, "contrasts": [CONTRAST]},
        **changes,
    )


def read_dates(folder):
    analysis = Analysis.from_sweep(ResultStore.open(folder).sweep)
    return analysis.declared_at, analysis.num_finished_when_declared


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished sweep that declared before it ran."""
    folder = tmp_path_factory.mktemp("declared") / "sweep"
    run_inline(make_declared(), folder)
    return folder


def test_what_is_declared_before_anything_ran_says_so(folder):
    declared_at, num_finished = read_dates(folder)
    assert declared_at is not None
    assert num_finished == 0
    assert explain_late_declaration(ResultStore.open(folder)) is None


def test_what_stays_as_it_was_keeps_its_date_also_where_trials_are_scored_on_more(folder):
    before = ResultStore.open(folder).sweep["analysis"]
    begin_sweep(make_declared(), folder)
    assert ResultStore.open(folder).sweep["analysis"] == before
    begin_sweep(make_declared(languages=("src", "kin-hi")), folder)
    after = ResultStore.open(folder).sweep["analysis"]
    assert after["contrasts"] != before["contrasts"]  # in the ids of the new trials
    assert (after["declared_at"], after["num_finished_when_declared"]) == (before["declared_at"], 0)


@pytest.mark.parametrize("changed", [{"margin": 1.0}, {"magnitudes": (0.0, 0.5, 1.0)}])
def test_what_changes_later_says_how_many_trials_had_finished(folder, changed, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    num_finished = len(ResultStore.open(copy).finished())
    store, _ = begin_sweep(make_declared(languages=("src", "kin-hi"), **changed), copy)
    assert read_dates(copy)[1] == num_finished == 2
    assert explain_late_declaration(store).startswith("analysis: 2 trials had finished when it took its present form")


def test_a_trial_that_was_scored_on_more_counts_once_among_those_that_had_finished(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    begin_sweep(make_declared(languages=("src", "kin-hi")), copy)
    begin_sweep(make_declared(languages=("src", "kin-hi"), margin=1.0), copy)
    assert read_dates(copy)[1] == 2  # what they superseded has results, and was there to be looked at
    run_inline(make_declared(languages=("src", "kin-hi"), margin=1.0), copy)
    begin_sweep(make_declared(languages=("src", "kin-hi"), margin=2.0), copy)
    assert read_dates(copy)[1] == 2
