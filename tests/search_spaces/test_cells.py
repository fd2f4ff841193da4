from search_spaces.axes import axis_points
from search_spaces.cells import CellReader, Layer, layer_of
from tests.search_spaces.factories import make_space

SPACE = make_space({"target.perturbation.magnitude": [0.0, 0.5]})


def test_a_cell_is_the_base_with_layers_over_it_and_its_baseline_has_one_more():
    reader = CellReader(SPACE)
    (_, point) = axis_points({"method": "gaussian", "magnitude": [0.0, 0.5]}, ("axes", "target.perturbation"))
    cell = reader.read([layer_of("target.perturbation", point)], (1,))
    assert (cell.spec.target.perturbation.method, cell.spec.target.perturbation.magnitude) == ("gaussian", 0.5)
    assert cell.baseline.target.perturbation.magnitude == 0.0
    assert cell.point_indices == (1,)
    assert reader.problems == []


def test_what_is_wrong_is_kept_with_its_place_and_other_cells_are_still_read():
    reader = CellReader(SPACE)
    wrong = Layer(("optim", "num_steps"), 0, {(): ("axes", "optim.num_steps", 3)})
    right = Layer(("optim", "num_steps"), 5, {(): ("axes", "optim.num_steps", 4)})
    assert reader.read([wrong]) is None
    assert reader.read([right]).spec.optim.num_steps == 5
    assert [problem.place for problem in reader.problems] == [("axes", "optim.num_steps", 3)]
