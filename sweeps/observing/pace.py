"""How fast a launch works and how long it will take, from the steps that are left; by a clock that nobody sets.

In: units as they are planned and end, and the steps that running ones have taken. Out: a `Forecast`. Counting trials
would say little while the shared stages, which come first, are most of the work.
"""

import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

_NUM_RECENT = 50


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What can be said now; none: nothing yet."""

    trials_per_minute: float | None
    """Over the last 50 that ended in this launch."""
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class _Planned:
    kind: str
    num_steps: int


@dataclass
class _Spent:
    """On ended units of one kind."""

    num_units: int = 0
    num_steps: int = 0
    seconds: float = 0.0


@dataclass
class Pace:
    """The books of one launch."""

    num_at_a_time: int | None = None
    """Units that can run side by side; none: as many as were ever seen to."""
    _open: dict[str, _Planned] = field(default_factory=dict)
    _running_since: dict[str, float] = field(default_factory=dict)
    _spent: defaultdict[str, _Spent] = field(default_factory=lambda: defaultdict(_Spent))
    _trial_ends: deque[float] = field(default_factory=lambda: deque(maxlen=_NUM_RECENT))
    _most_at_a_time: int = 1
    _began_at: float = field(default_factory=time.monotonic)

    def plan(self, unit_id: str, kind: str, num_steps: int) -> None:
        """Take in a unit that this launch is to run.

        Args:
            unit_id: stage key or trial id.
            kind: units of one kind are taken to need equal times for a step.
            num_steps: 0 where nothing is trained.
        """
        self._open[unit_id] = _Planned(kind=kind, num_steps=num_steps)

    def end(self, unit_id: str, seconds: float | None, *, is_trial: bool = True) -> None:
        """Note that a unit ended, well or not.

        Args:
            unit_id: as it was planned.
            seconds: what it took; none: it never ran, and says nothing of the pace. The time before it was first seen
                to run is left out: a worker that starts does so once.
            is_trial: counts for the trials a minute.
        """
        now = time.monotonic()
        seen_for = now - self._running_since.pop(unit_id, float("-inf"))
        planned = self._open.pop(unit_id, None)
        if is_trial:
            self._trial_ends.append(now)
        if planned is not None and seconds is not None:
            spent = self._spent[planned.kind]
            spent.num_units += 1
            spent.num_steps += planned.num_steps
            spent.seconds += min(seconds, seen_for)

    def forecast(self, running: Mapping[str, int]) -> Forecast:
        """Say how it goes.

        Args:
            running: steps taken so far, by the id of each unit that runs now.
        """
        now = time.monotonic()
        for unit_id in running:
            self._running_since.setdefault(unit_id, now)
        self._most_at_a_time = max(self._most_at_a_time, len(running))
        return Forecast(trials_per_minute=self._trials_per_minute(now), seconds_left=self._seconds_left(running, now))

    def _trials_per_minute(self, now: float) -> float | None:
        if not self._trial_ends:
            return None
        is_all = len(self._trial_ends) < _NUM_RECENT
        since = self._began_at if is_all else self._trial_ends[0]
        number = len(self._trial_ends) - (0 if is_all else 1)
        return 60 * number / max(now - since, 1e-9)

    def _seconds_left(self, running: Mapping[str, int], now: float) -> float | None:
        """Work left, spread over what runs side by side; at least what the longest unit needs."""
        costs = self._costs(running, now)
        if not self._open:
            return 0.0
        if not costs:
            return None
        known = [cost for cost in costs.values() if cost.seconds_a_step is not None]
        usual = sum(cost.seconds_a_step or 0.0 for cost in known) / len(known) if known else None
        left: list[float] = []
        for unit_id, planned in self._open.items():
            num_steps = max(0, planned.num_steps - running.get(unit_id, 0))
            cost = costs.get(planned.kind)
            a_step = cost.seconds_a_step if cost and cost.seconds_a_step is not None else usual
            if planned.num_steps and a_step is None:
                return None
            left.append(num_steps * (a_step or 0.0) if planned.num_steps else cost.seconds_a_unit if cost else 0.0)
        at_a_time = min(self.num_at_a_time or self._most_at_a_time, len(left))
        return max(sum(left) / at_a_time, max(left))

    def _costs(self, running: Mapping[str, int], now: float) -> dict[str, "_Cost"]:
        """What units of each kind need, from those that ended and those that run."""
        costs: dict[str, _Cost] = {}
        for kind in {*self._spent, *(self._open[unit].kind for unit in running if unit in self._open)}:
            spent = self._spent.get(kind, _Spent())
            taken = {
                unit: steps
                for unit, steps in running.items()
                if steps and unit in self._open and self._open[unit].kind == kind
            }
            num_steps = spent.num_steps + sum(taken.values())
            seconds = spent.seconds + sum(now - self._running_since[unit] for unit in taken)
            costs[kind] = _Cost(
                seconds_a_step=seconds / num_steps if num_steps else None,
                seconds_a_unit=spent.seconds / spent.num_units if spent.num_units else 0.0,
            )
        return costs


@dataclass(frozen=True, kw_only=True)
class _Cost:
    seconds_a_step: float | None
    seconds_a_unit: float
    """Of those that train nothing."""
