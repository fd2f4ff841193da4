"""How fast a launch works and how long it will take, from the steps that are left; by a clock that nobody sets.

In: units as they are planned and end, and the steps that running ones have taken. Out: a `Forecast`. Counting trials
would say little while the shared stages, which come first, are most of the work. Seconds are a worker's: of trials that
train together in one, each has its share.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

_NUM_RECENT = 50


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What can be said now; none: nothing yet."""

    trials_per_minute: float | None
    """Over the last 50 that ended in this launch."""
    seconds_left: float | None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How far a unit is that runs now."""

    num_steps: int = 0
    worker: Hashable = None
    """Of several units that run in one, each has a share of its time; none: it has one to itself."""
    has_stopped: bool = False
    """It takes no further step, such as one that diverged while others of its worker go on."""


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
    """Workers that can be at it side by side; none: as many as were ever seen to."""
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
            seconds: what it took of a worker's time; none: it never ran, and says nothing of the pace. The time before
                it was first seen to run is left out: a worker that starts does so once.
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

    def forecast(self, running: Mapping[str, Taken]) -> Forecast:
        """Say how it goes.

        Args:
            running: how far each unit is that runs now, by its id.
        """
        now = time.monotonic()
        for unit_id in running:
            self._running_since.setdefault(unit_id, now)
        self._most_at_a_time = max(self._most_at_a_time, _count_workers(running.values()))
        return Forecast(trials_per_minute=self._trials_per_minute(now), seconds_left=self._seconds_left(running, now))

    def _trials_per_minute(self, now: float) -> float | None:
        if not self._trial_ends:
            return None
        is_all = len(self._trial_ends) < _NUM_RECENT
        since = self._began_at if is_all else self._trial_ends[0]
        number = len(self._trial_ends) - (0 if is_all else 1)
        return 60 * number / max(now - since, 1e-9)

    def _seconds_left(self, running: Mapping[str, Taken], now: float) -> float | None:
        """Work left, spread over what runs side by side; at least what the longest unit needs."""
        costs = self._costs(running, now)
        if not self._open:
            return 0.0
        if not costs:
            return None
        known = [cost for cost in costs.values() if cost.seconds_a_step is not None]
        usual = sum(cost.seconds_a_step or 0.0 for cost in known) / len(known) if known else None
        together = _count_together(running.values())
        left: list[float] = []
        longest = 0.0
        for unit_id, planned in self._open.items():
            taken = running.get(unit_id, Taken())
            num_steps = 0 if taken.has_stopped else max(0, planned.num_steps - taken.num_steps)
            cost = costs.get(planned.kind)
            a_step = cost.seconds_a_step if cost and cost.seconds_a_step is not None else usual
            if planned.num_steps and a_step is None:
                return None
            left.append(num_steps * (a_step or 0.0) if planned.num_steps else cost.seconds_a_unit if cost else 0.0)
            longest = max(longest, left[-1] * together.get(taken.worker, 1))
        at_a_time = min(self.num_at_a_time or self._most_at_a_time, len(left))
        return max(sum(left) / at_a_time, longest)

    def _costs(self, running: Mapping[str, Taken], now: float) -> dict[str, "_Cost"]:
        """What units of each kind need, from those that ended and those that run."""
        costs: dict[str, _Cost] = {}
        together = _count_together(running.values())
        for kind in {*self._spent, *(self._open[unit].kind for unit in running if unit in self._open)}:
            spent = self._spent.get(kind, _Spent())
            taken = {
                unit: one
                for unit, one in running.items()
                if one.num_steps and not one.has_stopped and unit in self._open and self._open[unit].kind == kind
            }
            num_steps = spent.num_steps + sum(one.num_steps for one in taken.values())
            seconds = spent.seconds + sum(
                (now - self._running_since[unit]) / together.get(one.worker, 1) for unit, one in taken.items()
            )
            costs[kind] = _Cost(
                seconds_a_step=seconds / num_steps if num_steps else None,
                seconds_a_unit=spent.seconds / spent.num_units if spent.num_units else 0.0,
            )
        return costs


def _count_together(running: Iterable[Taken]) -> Counter[Hashable]:
    """Units that share the time of each worker."""
    return Counter(taken.worker for taken in running if taken.worker is not None and not taken.has_stopped)


def _count_workers(running: Iterable[Taken]) -> int:
    workers = [taken.worker for taken in running]
    return len({worker for worker in workers if worker is not None}) + workers.count(None)


@dataclass(frozen=True, kw_only=True)
class _Cost:
    seconds_a_step: float | None
    seconds_a_unit: float
    """Of those that train nothing."""
