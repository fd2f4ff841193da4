from hypothesis import given
from hypothesis import strategies as st

from search_spaces.axes import axis_points, num_points, written_paths

SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=3), st.none())
AXES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
)


def test_a_list_gives_its_items():
    assert [point.value for point in axis_points([0.0, 0.5], ())] == [0.0, 0.5]


def test_a_mapping_gives_every_combination_and_keeps_scalars():
    points = axis_points({"method": ["fgm", "pgd"], "magnitude": [0.1, 1.0], "norm": "l2"}, ())
    assert [point.value for point in points] == [
        {"magnitude": magnitude, "method": method, "norm": "l2"}
        for magnitude in (0.1, 1.0)
        for method in ("fgm", "pgd")
    ]


def test_a_list_in_a_list_is_one_value():
    assert [point.value for point in axis_points([["de", "sw"], "all"], ())] == [["de", "sw"], "all"]


def test_a_mapping_among_the_items_is_multiplied_out():
    points = axis_points(["none", {"task": "world", "dose": [0.0, 1.0]}], ())
    assert [point.value for point in points] == ["none", {"dose": 0.0, "task": "world"}, {"dose": 1.0, "task": "world"}]


def test_points_know_where_each_key_was_written():
    points = list(axis_points(["none", {"task": "world", "dose": [0.0, 1.0]}], ("axes", "intermediate")))
    assert points[0].places == {(): ("axes", "intermediate", 0)}
    assert points[2].places[("dose",)] == ("axes", "intermediate", 1, "dose", 1)
    assert points[2].places[("task",)] == ("axes", "intermediate", 1, "task")


@given(AXES)
def test_counting_agrees_with_making(values):
    assert num_points(values) == len(list(axis_points(values, ())))


def test_written_paths_are_the_settings_that_some_point_sets():
    assert written_paths(["none", {"task": "world", "dose": [0.0, 1.0]}]) == {(), ("task",), ("dose",)}
