from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.axes import find_ranges, written_paths
from search_spaces.draws import RandomChooser, draw_cell, planned_cells, reference_cells
from search_spaces.expand import expand_space, list_shown_specs
from search_spaces.problems import SpaceError
from tests.search_spaces.factories import make_space
from xlt_core.streams import numpy_generator

AXES = {
    "target.perturbation": [
        {"method": ["gaussian", "uniform"], "magnitude": {"log_uniform": [0.01, 1.0]}},
        {"method": "pgd", "magnitude": [0.0, {"uniform": [0.5, 2.0]}], "num_ascent_steps": {"integer": [1, 4]}},
    ],
    "intermediate": ["none", {"task": "world", "dose": {"uniform": [0.0, 1.0]}}],
}
BASELINE = {"target.perturbation.magnitude": 0.0, "intermediate": "none"}


def drawn(num_cells, seed=0, axes=AXES, **changes):
    search = {"random": {"num_cells": num_cells, "seed": seed}}
    return make_space(axes, baseline=BASELINE, search=search, **changes)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000), fewer=st.integers(1, 12), more=st.integers(0, 12))
def test_a_larger_number_of_cells_continues_the_same_sequence(seed, fewer, more):
    one, other = (planned_cells(drawn(number, seed)) for number in (fewer, fewer + more))
    assert one == other[:fewer]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_cells_are_different_and_no_baselines_and_the_baseline_is_always_there(seed):
    space = drawn(8, seed, seeds=2)
    cells = planned_cells(space)
    assert len({cell.spec for cell in cells}) == 8
    assert all(cell.spec != cell.baseline for cell in cells)
    trials = expand_space(space)
    assert len(trials) == 2 * (8 + 1)
    assert {trial.spec.model_copy(update={"seed": 0}) for trial in trials if trial.is_baseline} == {cells[0].baseline}


def test_another_seed_draws_other_cells():
    assert planned_cells(drawn(5, 0)) != planned_cells(drawn(5, 1))


def test_numbers_lie_in_their_ranges_and_items_are_equally_likely():
    space = drawn(1)
    cells = [draw_cell(space, RandomChooser(numpy_generator(0, "test", index))).spec for index in range(2000)]
    methods = Counter(cell.target.perturbation.method for cell in cells if cell.target.perturbation.magnitude)
    plain = sum(1 for cell in cells if not cell.target.perturbation.magnitude)
    # half of the draws are of the second item, half of these of magnitude 0
    assert 0.2 < plain / 2000 < 0.3
    assert all(0.2 < methods[name] / 2000 < 0.3 for name in ("gaussian", "uniform", "pgd"))
    assert 0.45 < sum(1 for cell in cells if cell.intermediate) / 2000 < 0.55
    for cell in cells:
        noise = cell.target.perturbation
        if noise.method == "pgd" and noise.magnitude:
            assert 0.5 <= noise.magnitude <= 2.0
            assert noise.num_ascent_steps in (1, 2, 3, 4)
        elif noise.magnitude:
            assert 0.01 <= noise.magnitude <= 1.0
        assert cell.intermediate is None or 0.0 <= cell.intermediate.dose <= 1.0


def test_more_cells_than_there_are_are_refused():
    axes = {"target.perturbation": {"method": ["gaussian", "uniform"], "magnitude": [0.0, 0.5, 1.0]}}
    assert len(planned_cells(drawn(4, axes=axes))) == 4
    with pytest.raises(SpaceError, match="given 5; found 4 different cells beside the baselines"):
        planned_cells(drawn(5, axes=axes))


def test_a_search_that_proposes_begins_with_a_baseline():
    space = make_space(AXES, baseline=BASELINE, search={"optuna": {"num_cells": 9}}, seeds=2)
    trials = expand_space(space)
    assert [(trial.cell, trial.is_baseline) for trial in trials] == [("magnitude 0 · intermediate none", True)] * 2


def test_what_a_range_may_give_is_checked_before_anything_is_drawn():
    bad = {"intermediate": ["none", {"task": "world", "dose": {"uniform": [0.5, 1.5]}}]}
    for search in ({"random": {"num_cells": 2}}, {"optuna": {"num_cells": 2}}):
        with pytest.raises(SpaceError) as caught:
            planned_cells(make_space(bad, baseline=BASELINE, search=search))
        assert [problem.place for problem in caught.value.problems] == [("axes", "intermediate", 1, "dose")]


def test_a_space_too_large_for_its_grid_is_checked_by_a_sample():
    many = {f"optim.{name}": list(range(1, 1001)) for name in ("num_steps", "batch_size")}
    space = make_space(AXES | many, baseline=BASELINE, search={"random": {"num_cells": 3}})
    assert len(planned_cells(space)) == 3
    assert len({cell.spec.optim.num_steps for cell in reference_cells(space)}) > 500
    wrong = many | {"intermediate": ["none", {"task": "world", "dose": [0.5, 7.0]}]}
    with pytest.raises(SpaceError, match=r"intermediate\[1\]\.dose\[1\]"):
        planned_cells(make_space(wrong, baseline=BASELINE, search={"random": {"num_cells": 3}}))


def test_names_tell_what_the_space_varies_and_not_what_happened_to_be_drawn():
    few, many = (expand_space(drawn(number)) for number in (2, 9))
    names = {trial.spec: trial.cell for trial in many}
    assert all(names[trial.spec] == trial.cell for trial in few)
    assert len(list_shown_specs(drawn(2))) <= 200


def test_a_range_is_one_value_of_its_setting():
    assert written_paths(AXES["target.perturbation"]) == {("method",), ("magnitude",), ("num_ascent_steps",)}
    places = [place for place, _ in find_ranges(AXES["target.perturbation"], ("axes", "p"))]
    assert places == [
        ("axes", "p", 0, "magnitude"),
        ("axes", "p", 1, "magnitude", 1),
        ("axes", "p", 1, "num_ascent_steps"),
    ]
