"""What an attempt at a unit, or at several together, came to; plain values on the way through Ray Tune. Light."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from sweeps.units.failures import Failure

DONE = "done"
"""A stage's artifact is there."""
FAILED = "failed"
"""A stage has no artifact, and will have none."""
CLAIMED = "claimed"
"""Another sweep computes the stage."""
DAMAGED = "damaged"
"""A stage that the unit needs had to be set aside."""
RUNG = "rung"
"""A trial has come to a rung and may be stopped."""
STORAGE = "storage"
"""Rows or artifacts cannot be written; ends the sweep."""
TOGETHER = "together"
"""Of several trials, each of which has a status of its own."""


@dataclass(frozen=True, kw_only=True)
class UnitOutcome:
    """What an attempt at a unit came to."""

    status: str
    """Of the trial's row, or one of the words above."""
    failure: Failure | None = None
    """Of a stage; a trial's stands in its row."""
    stage_key: str = ""
    """Of a damaged stage."""
    num_steps: int = 0
    source_dev_score: float | None = None
    macro: float | None = None
    """Mean score over languages."""
    wall_seconds: float | None = None
    """Of a trial, as in its row: of several that trained together, its share."""

    def as_result(self) -> dict[str, Any]:
        """Give plain values, as Ray Tune wants them."""
        return asdict(self)

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> Self:
        """Read what `as_result` gave; Tune adds to it."""
        values = {name: result[name] for name in (field.name for field in fields(cls))}
        failure = values.pop("failure")
        return cls(**values, failure=Failure(**failure) if failure else None)


@dataclass(frozen=True, kw_only=True)
class ArrayOutcome:
    """What an attempt at trials that train together came to."""

    ended: Mapping[str, UnitOutcome] = field(default_factory=dict)
    """By trial id."""
    left: tuple[str, ...] = ()
    """Trials that were not begun, since fewer at a time are quicker here."""
    apart: tuple[str, ...] = ()
    """Trials that are to be run alone."""
    num_members: int = 0
    """That were to train together."""
    measured_width: int | None = None
    """Members at a time that were quickest; none: it was not measured."""
    failed: bool = False
    """They could not train together."""

    def as_result(self) -> dict[str, Any]:
        """Give plain values, as Ray Tune wants them."""
        ended = [{"unit_id": unit_id, **outcome.as_result()} for unit_id, outcome in self.ended.items()]
        return {**asdict(self), "status": TOGETHER, "ended": ended}

    @classmethod
    def from_result(cls, result: Mapping[str, Any]) -> Self:
        """Read what `as_result` gave; Tune adds to it."""
        values = {name: result[name] for name in (field.name for field in fields(cls))}
        ended = {one["unit_id"]: UnitOutcome.from_result(one) for one in values.pop("ended")}
        left, apart = tuple(values.pop("left")), tuple(values.pop("apart"))
        return cls(**values, ended=ended, left=left, apart=apart)
