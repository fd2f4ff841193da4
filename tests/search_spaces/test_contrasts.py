import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.contrasts import plan_contrasts
from search_spaces.expand import expand_space
from search_spaces.loading import load_space
from search_spaces.problems import SpaceError
from tests.search_spaces.factories import make_space

METHODS = {"method": ["gaussian", "fgm"], "magnitude": [0.0, 0.1, 0.3]}
INTERMEDIATE = ["none", {"task": "world", "dose": ["easy", "hard"]}]
AXES = {"target.perturbation": METHODS, "intermediate": INTERMEDIATE}
PLAIN = {"target.perturbation.magnitude": 0.0}


def weights_of(*contrasts, axes=AXES, **changes):
    """Weights by label of the cell, a mapping for each contrast by its name."""
    listed = [{"name": f"c{index}", **contrast} for index, contrast in enumerate(contrasts)]
    space = make_space(axes, analysis={"contrasts": listed}, **changes)
    labels = {trial.spec: trial.cell for trial in expand_space(space.model_copy(update={"seeds": 1}))}
    return {
        one.name: {labels[spec]: round(weight, 6) for spec, weight in one.weights.items()}
        for one in plan_contrasts(space)
    }


def test_a_cell_is_compared_with_the_cell_that_the_settings_make_of_it():
    cell = {"target.perturbation": {"method": "gaussian", "magnitude": 0.3}, "intermediate": "none"}
    assert weights_of({"cell": cell, "against": PLAIN}) == {
        "c0": {"gaussian magnitude 0.3 · intermediate none": 1.0, "magnitude 0 · intermediate none": -1.0}
    }


def test_several_cells_have_equal_weights_and_share_what_they_are_compared_with():
    weights = weights_of({"cell": {"target.perturbation.method": "gaussian", "intermediate": "none"}, "against": PLAIN})
    assert weights["c0"] == {
        "gaussian magnitude 0.1 · intermediate none": 0.5,
        "gaussian magnitude 0.3 · intermediate none": 0.5,
        "magnitude 0 · intermediate none": -1.0,
    }


def test_a_method_brings_its_own_defaults_where_it_is_laid_over_another():
    cell = {"target.perturbation": {"method": "fgm", "magnitude": 0.1}, "intermediate": "none"}
    weights = weights_of({"cell": cell, "against": {"target.perturbation.method": "gaussian"}})
    assert set(weights["c0"]) == {
        "fgm magnitude 0.1 · intermediate none",
        "gaussian magnitude 0.1 · intermediate none",
    }


def test_a_setting_that_a_cell_does_not_read_does_not_make_it_meant():
    axes = {"target.perturbation": [{"method": ["gaussian", "pgd"], "magnitude": [0.0, 0.1]}]}
    weights = weights_of({"cell": {"target.perturbation.num_ascent_steps": 3}, "against": PLAIN}, axes=axes)
    assert weights["c0"] == {"pgd magnitude 0.1": 1.0, "magnitude 0": -1.0}


def test_an_interaction_takes_off_the_other_difference():
    hard = {"cell": {"intermediate.dose": "hard", "target.perturbation.method": "fgm"}, "against": PLAIN}
    easy = {"cell": {"intermediate.dose": "easy", "target.perturbation.method": "fgm"}, "against": PLAIN}
    both = weights_of({**hard, "minus": easy}, hard, easy)
    cells = set(both["c1"]) | set(both["c2"])
    assert both["c0"] == {cell: both["c1"].get(cell, 0.0) - both["c2"].get(cell, 0.0) for cell in cells}


def test_what_both_differences_are_measured_against_cancels():
    none = {"against": {"intermediate": "none"}}
    hard = {"cell": {"intermediate.dose": 1.0, **PLAIN}, **none}
    easy = {"cell": {"intermediate.dose": "easy", **PLAIN}, **none}
    assert weights_of({**hard, "minus": easy})["c0"] == {
        "magnitude 0 · intermediate world dose 1": 1.0,
        "magnitude 0 · intermediate world dose 0": -1.0,
    }


def test_every_target_task_has_a_contrast_of_its_own():
    axes = {"target": [{"task": "xnli"}, {"task": "pawsx"}], "target.perturbation.magnitude": [0.0, 0.1]}
    base = {"encoder": "mini", "target": {"data": "hub", "perturbation": {"method": "gaussian"}}}
    assert list(weights_of({"against": PLAIN}, axes=axes, base=base)) == ["c0 (xnli)", "c0 (pawsx)"]
    only = {"cell": {"target.task": "pawsx"}, "against": PLAIN}
    assert list(weights_of(only, axes=axes, base=base)) == ["c0 (pawsx)"]
    with pytest.raises(SpaceError, match=r"of the target tasks pawsx, and 'minus' of xnli, pawsx; name the task"):
        weights_of(
            {**only, "minus": {"against": PLAIN}},
            axes=axes,
            base=base,
        )


@given(
    methods=st.sets(st.sampled_from(["gaussian", "uniform", "fgm"]), min_size=1),
    magnitudes=st.sets(st.sampled_from([0.1, 0.3, 1.0]), min_size=1),
    seeds_from=st.sampled_from(["intermediate", "target"]),
)
def test_the_weights_of_every_contrast_sum_to_zero_and_both_sides_to_one(methods, magnitudes, seeds_from):
    axes = {
        "target.perturbation": {"method": sorted(methods), "magnitude": [0.0, *sorted(magnitudes)]},
        "intermediate": INTERMEDIATE,
    }
    weights = weights_of({"against": PLAIN}, {"against": {"intermediate": "none"}}, axes=axes, seeds_from=seeds_from)
    for contrast in weights.values():
        values = np.array(list(contrast.values()))
        np.testing.assert_allclose(values[values > 0].sum(), 1.0, atol=1e-5)
        np.testing.assert_allclose(values.sum(), 0.0, atol=1e-5)
    assert len(weights["c0"]) == 3 * (1 + len(methods) * len(magnitudes))


@pytest.mark.parametrize(
    ("contrast", "told"),
    [
        (
            {"cell": {"target.perturbation.magnitude": 0.4}, "against": PLAIN},
            r"contrasts\[0\].cell: no cell has target.perturbation.magnitude 0.4; planned are 0.0, 0.1, 0.3",
        ),
        (
            {"cell": {"target.perturbation.magnitud": 0.1}, "against": PLAIN},
            r"cell: no cell has a setting 'target.perturbation.magnitud'; did you mean 'target.perturbation.magnitude'",
        ),
        (
            {"cell": {"target.perturbation.magnitude": "large"}, "against": PLAIN},
            r"cell.target.perturbation.magnitude: given 'large'.*a valid number",
        ),
        (
            {"cell": {"target.perturbation.magnitude": 0.0, "target.perturbation.method": "fgm"}, "against": PLAIN},
            r"cell: no cell has all these settings; planned are: magnitude 0 · intermediate none; .* 7 others",
        ),
        (
            {"cell": PLAIN, "against": {"target.perturbation": {"method": "pgd", "magnitude": 0.1}}},
            r"against: laid over 'magnitude 0 · intermediate none' it gives a cell that is not planned; planned are: ",
        ),
        ({"cell": PLAIN, "against": PLAIN}, r"against: the cells that 'cell' names have it already"),
        (
            {"cell": {"target.perturbation.method": "fgm"}, "against": {"target.perturbation.magnitude": -1.0}},
            r"against.target.perturbation.magnitude: given -1.0",
        ),
        (
            {"against": PLAIN, "minus": {"against": PLAIN}},
            r"contrasts\[0\]: the cells that are compared are the same on both sides",
        ),
    ],
)
def test_what_is_not_planned_is_an_error_that_says_what_is(contrast, told):
    with pytest.raises(SpaceError, match=told):
        weights_of(contrast)


def test_the_metric_is_one_that_every_task_has():
    with pytest.raises(SpaceError, match=r"analysis.metric: given 'f1'; task 'world' has accuracy"):
        plan_contrasts(make_space(AXES, analysis={"metric": "f1"}))


def test_contrasts_of_a_search_are_of_cells_that_are_planned_before_it():
    with pytest.raises(SpaceError, match=r"no cell has target.perturbation.magnitude 0.3; planned are 0.0"):
        weights_of(
            {"cell": {"target.perturbation.magnitude": 0.3}, "against": PLAIN}, search={"optuna": {"num_cells": 2}}
        )


def test_an_error_names_the_line_and_the_key(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(
        "name: tried\nbase: {encoder: mini, target: {task: world, perturbation: {method: gaussian}}}\n"
        "axes: {target.perturbation.magnitude: [0.0, 0.1]}\nbaseline: {target.perturbation.magnitude: 0.0}\n"
        "analysis:\n  contrasts:\n    - name: noise\n      cell: {target.perturbation.magnitude: 0.2}\n"
        "      against: {target.perturbation.magnitude: 0.0}\n"
    )
    with pytest.raises(SpaceError, match=r"space.yaml:8: analysis.contrasts\[0\].cell: no cell has"):
        load_space(path)
    assert load_space(path, ["analysis.contrasts=[]", "analysis.margin=2"]).analysis.margin == 2.0
