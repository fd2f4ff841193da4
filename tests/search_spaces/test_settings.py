import copy

from hypothesis import given
from hypothesis import strategies as st

from search_spaces.settings import lay_over, nest

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.integers() | st.just("none"), lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)
SETTINGS = st.dictionaries(KEYS, VALUES, max_size=3)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(tuple)


def test_a_mapping_is_merged_and_a_scalar_replaces():
    settings = {"target": {"task": "xnli", "optim": {"num_steps": 1}}}
    assert lay_over(settings, ("target",), {"data": "hub"})["target"] == {
        "task": "xnli",
        "optim": {"num_steps": 1},
        "data": "hub",
    }
    assert lay_over(settings, ("target", "optim"), "default")["target"] == {"task": "xnli", "optim": "default"}


def test_a_key_under_none_has_no_meaning():
    assert lay_over({"intermediate": "none"}, ("intermediate", "dose"), 0.5) == {"intermediate": "none"}


def test_a_mapping_takes_the_place_of_none():
    assert lay_over({"intermediate": "none"}, ("intermediate",), {"task": "world"}) == {
        "intermediate": {"task": "world"}
    }


def test_a_key_of_an_encoder_given_as_a_string_keeps_the_source():
    assert lay_over({"encoder": "mini"}, ("encoder", "pretrain"), {"num_steps": 3}) == {
        "encoder": {"source": "mini", "pretrain": {"num_steps": 3}}
    }


def test_dotted_keys_nest_whatever_their_order():
    nested = {"target": {"task": "xnli", "perturbation": {"magnitude": 0.5}}}
    assert nest({"target.perturbation.magnitude": 0.5, "target": {"task": "xnli"}}) == nested
    assert nest({"target": {"task": "xnli"}, "target.perturbation.magnitude": 0.5}) == nested


@given(SETTINGS, PATHS, VALUES)
def test_laying_over_twice_is_laying_over_once_and_leaves_the_argument_alone(settings, path, value):
    before = copy.deepcopy(settings)
    once = lay_over(settings, path, value)
    assert lay_over(once, path, value) == once
    assert settings == before
