import pytest

from search_spaces.cell_checks import check_cells, count_target_steps
from search_spaces.grid import grid_cells
from search_spaces.problems import Problem, SpaceError
from tests.search_spaces.factories import BASE, make_space

MAGNITUDES = {"target.perturbation": {"method": "gaussian", "magnitude": [0.0, 0.5]}}


def _problems(axes=MAGNITUDES, **changes):
    with pytest.raises(SpaceError) as caught:
        grid_cells(make_space(axes, **changes))
    return [problem.place for problem in caught.value.problems]


def test_a_metric_that_a_task_lacks_is_placed_at_the_search():
    search = {"optuna": {"num_cells": 3, "metric": "f1"}}
    assert _problems(search=search) == [("search", "optuna", "metric")]
    grid_cells(make_space(MAGNITUDES, search={"optuna": {"num_cells": 3, "metric": "accuracy"}}))


def test_a_search_needs_scores_on_clean_data():
    base = BASE | {"evaluation": {"conditions": [{"kind": "typos", "share": 0.1}]}}
    assert _problems(base=base, search={"optuna": {"num_cells": 3}}) == [("search", "optuna")]
    grid_cells(make_space(MAGNITUDES, base=base, search={"random": {"num_cells": 3}}))


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_a_scheduler_that_would_never_look_at_a_trial_is_refused(kind):
    base = BASE | {"optim": {"num_steps": 100}}
    assert _problems(base=base, scheduler={kind: {"grace_steps": 100}}) == [("scheduler", kind, "grace_steps")]
    grid_cells(make_space(MAGNITUDES, base=base, scheduler={kind: {"grace_steps": 99}}))
    longer = MAGNITUDES | {"optim.num_steps": [100, 101]}
    grid_cells(make_space(longer, base=base, scheduler={kind: {"grace_steps": 100}}))


def test_what_trains_nothing_has_no_steps():
    embedding = {"layer": 1, "pooling": "mean", "special_tokens": True}
    frozen = {"encoder": "mini", "target": {"task": "tatoeba"}, "evaluation": {"embedding": embedding}}
    (cell,) = grid_cells(make_space({}, base=frozen, baseline={}))
    assert count_target_steps(cell.spec) == 0
    own = BASE | {"optim": {"num_steps": 7}, "target": {"task": "world", "optim": {"num_steps": 3}}}
    assert {count_target_steps(cell.spec) for cell in grid_cells(make_space(MAGNITUDES, base=own))} == {3}


def test_problems_that_are_known_already_are_said_first():
    space = make_space(MAGNITUDES)
    with pytest.raises(SpaceError, match="said before") as caught:
        check_cells(space, grid_cells(space), [Problem(("axes",), "said before")])
    assert len(caught.value.problems) == 1
