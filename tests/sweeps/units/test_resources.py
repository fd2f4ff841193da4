"""What a unit takes to run, and what the machines have."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.resources import Resources
from sweeps.units.resources import Node, amounts_of, check_resources, describe_request, is_allowed_on, placement_of
from xlt_core.errors import XltError

SMALL = Node(node_id="a", host="one", amounts={"CPU": 4, "memory": 1e9}, labels={"zone": "x"})
LARGE = Node(node_id="b", host="two", amounts={"CPU": 8, "GPU": 2, "license": 1}, labels={"accelerator": "H100"})


def _take(**values: Any) -> Resources:
    return Resources.model_validate(values)


def test_what_is_not_asked_for_is_not_asked_of_ray() -> None:
    assert amounts_of(_take(cpu=2.0)) == {"CPU": 2.0}
    assert amounts_of(_take(gpu=0.25, custom={"license": 1})) == {"CPU": 1.0, "GPU": 0.25, "license": 1.0}


def test_a_node_needs_all_labels_that_are_asked_for_and_may_have_more() -> None:
    wanted = _take(labels={"accelerator": "H100"})
    assert is_allowed_on(wanted, {"accelerator": "H100", "zone": "x"})
    assert not is_allowed_on(wanted, {"accelerator": "A100"})
    assert not is_allowed_on(wanted, {})
    assert is_allowed_on(_take(), {})


@pytest.mark.parametrize(
    "values", [{"cpu": 8.0}, {"gpu": 2}, {"gpu": 0.5, "labels": {"accelerator": "H100"}}, {"custom": {"license": 1}}]
)
def test_what_one_node_has_is_fine(values: dict[str, Any]) -> None:
    check_resources([_take(), _take(**values)], [SMALL, LARGE])


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"cpu": 9.0}, "9 CPU"),
        ({"gpu": 4}, "4 GPU"),
        ({"custom": {"licence": 1}}, "1 licence"),
        ({"labels": {"accelerator": "A100"}}, "1 CPU on a node with accelerator=A100"),
        ({"gpu": 1, "labels": {"zone": "x"}}, "1 GPU on a node with zone=x"),
    ],
)
def test_what_no_single_node_has_is_refused_with_what_they_have(values: dict[str, Any], asked: str) -> None:
    with pytest.raises(
        XltError, match=rf"a trial asks for .*{asked}, which no node has \(4 CPU, 0 GPU.*; 8 CPU, 2 GPU"
    ):
        check_resources([_take(), _take(**values)], [SMALL, LARGE])


def test_requests_of_equal_content_are_one_request() -> None:
    assert len({_take(gpu=0.5, labels={"a": "b"}), _take(gpu=0.5, labels={"a": "b"}), _take()}) == 2


def test_tune_is_asked_for_the_labels_and_tells_requests_apart_by_them() -> None:
    plain, labelled = placement_of(_take(gpu=0.5)), placement_of(_take(gpu=0.5, labels={"accelerator": "H100"}))
    assert plain.bundles == labelled.bundles == [{"CPU": 1.0, "GPU": 0.5}]
    assert plain != labelled
    assert hash(labelled) == hash(placement_of(_take(gpu=0.5, labels={"accelerator": "H100"})))


@given(
    cpu=st.floats(0.1, 16), gpu=st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0]), labels=st.sampled_from([{}, {"zone": "x"}])
)
def test_a_request_is_refused_exactly_when_no_node_holds_it(cpu: float, gpu: float, labels: dict[str, str]) -> None:
    request = _take(cpu=cpu, gpu=gpu, labels=labels)
    fits_small = cpu <= 4 and gpu == 0
    fits_large = cpu <= 8 and gpu <= 2 and not labels
    if fits_small or fits_large:
        check_resources([request], [SMALL, LARGE])
        return
    with pytest.raises(XltError) as caught:
        check_resources([request], [SMALL, LARGE])
    assert describe_request(request) in str(caught.value)


def test_no_node_at_all_is_said() -> None:
    with pytest.raises(XltError, match=r"no node has \(there is none\)"):
        check_resources([_take()], [])
