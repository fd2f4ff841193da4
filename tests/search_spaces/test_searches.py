import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search_spaces.searches import OptunaSearch, Scheduler, Search, rung_steps


@pytest.mark.parametrize("written", ["factorial", {"random": {"num_cells": 3}}, {"optuna": {"num_cells": 3}}])
def test_a_search_is_written_as_it_is_read(written):
    search = Search.model_validate(written)
    assert Search.model_validate(search.model_dump(mode="json")) == search
    assert (search.model_dump(mode="json") == "factorial") == (written == "factorial") == (search.num_cells is None)


@pytest.mark.parametrize(
    "written", ["random", "all", None, 3, {"random": None}, {"random": {"num_cells": 3}, "optuna": {"num_cells": 3}}]
)
def test_a_search_is_one_of_its_kinds_with_settings(written):
    with pytest.raises(ValidationError, match=r"allowed: 'factorial' .*or one of random, optuna with its settings"):
        Search.model_validate(written)


@pytest.mark.parametrize("written", ["asha", None, {"hyperband": {}}, {"asha": {"grace_steps": 1}, "median": {}}])
def test_a_scheduler_is_one_of_its_kinds_with_settings(written):
    with pytest.raises(ValidationError, match=r"allowed: 'none' .*or one of asha, median with its settings"):
        Scheduler.model_validate(written)


@pytest.mark.parametrize("objectives", [[], ["mean_delta", "mean_delta"]])
def test_objectives_are_some_and_different(objectives):
    with pytest.raises(ValidationError, match="allowed: one or both of mean_delta, worst_delta, each once"):
        OptunaSearch.model_validate({"num_cells": 1, "objectives": objectives})


@pytest.mark.parametrize("storage", ["journal", "sqlite", "postgresql+psycopg2://user@host/db", "sqlite:////tmp/x.db"])
def test_a_study_is_a_file_of_the_sweep_or_behind_a_url(storage):
    assert OptunaSearch(num_cells=1, storage=storage).storage == storage


@pytest.mark.parametrize("storage", ["memory", "study.db", "", "postgresql://", "POSTGRES://h/d"])
def test_a_study_elsewhere_is_refused_with_what_is_allowed(storage):
    with pytest.raises(
        ValidationError, match=r"allowed: journal or sqlite, .* or the URL of a database: postgresql://"
    ):
        OptunaSearch(num_cells=1, storage=storage)


@given(grace=st.integers(1, 50), factor=st.integers(2, 5), num_steps=st.integers(1, 2000))
def test_rungs_of_asha_grow_by_the_factor_and_end_before_the_trial(grace, factor, num_steps):
    rungs = rung_steps(
        Scheduler.model_validate({"asha": {"grace_steps": grace, "reduction_factor": factor}}), num_steps
    )
    assert rungs == tuple(grace * factor**k for k in range(len(rungs)))
    assert all(rung < num_steps for rung in rungs)
    assert grace * factor ** len(rungs) >= num_steps


@given(grace=st.integers(1, 50), num_steps=st.integers(1, 2000))
def test_median_looks_at_a_trial_every_so_many_steps(grace, num_steps):
    rungs = rung_steps(Scheduler.model_validate({"median": {"grace_steps": grace}}), num_steps)
    assert rungs == tuple(step for step in range(1, num_steps) if step % grace == 0)


def test_without_a_scheduler_there_are_no_rungs():
    assert rung_steps(Scheduler(), 1000) == ()
