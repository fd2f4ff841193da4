from search_spaces.problems import Problem, SpaceError, write_place
from xlt_core.errors import SpecError


def test_a_place_is_written_as_dotted_keys_with_positions_in_brackets():
    assert write_place(("axes", "target.perturbation", "magnitude", 2)) == "axes.target.perturbation.magnitude[2]"
    assert write_place(()) == ""


def test_an_error_has_a_line_for_each_different_problem():
    twice = [Problem(("seeds",), "too few"), Problem((), "no name"), Problem(("seeds",), "too few")]
    error = SpaceError(twice, lambda place: f"file:{len(place)}")
    assert isinstance(error, SpecError)
    assert str(error) == "file:1: seeds: too few\nfile:0: no name"


def test_what_is_said_of_several_items_of_a_list_is_said_once_of_the_list():
    items = [Problem(("axes", "a", index), "unknown") for index in (0, 2)] + [Problem(("axes", "a", 1), "too small")]
    assert str(SpaceError(items, lambda _: "file")) == "file: axes.a: unknown\nfile: axes.a[1]: too small"
