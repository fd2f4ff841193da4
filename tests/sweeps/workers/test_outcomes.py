"""Outcomes survive the way through Ray Tune."""

import json

from sweeps.units.failures import Failure
from sweeps.workers.outcomes import FAILED, TOGETHER, ArrayOutcome, UnitOutcome

FAILURE = Failure(status="infra", reason="r", traceback="t")


def test_an_outcome_survives_the_way_through_tune() -> None:
    outcome = UnitOutcome(status=FAILED, failure=FAILURE, num_steps=3, source_dev_score=1.5)
    assert UnitOutcome.from_result(outcome.as_result() | {"training_iteration": 1}) == outcome


def test_that_of_an_array_does_too_with_those_of_its_members() -> None:
    ended = {"a": UnitOutcome(status="ok", num_steps=3), "b": UnitOutcome(status="infra", failure=FAILURE)}
    outcome = ArrayOutcome(ended=ended, left=("c",), apart=("d",), num_members=3, measured_width=2)
    result = json.loads(json.dumps(outcome.as_result()))
    assert result["status"] == TOGETHER
    assert ArrayOutcome.from_result(result | {"done": True, "training_iteration": 1}) == outcome
