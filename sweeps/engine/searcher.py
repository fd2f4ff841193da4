"""Ray Tune's view of the dispatcher: a searcher that hands out a unit once it can begin.

In: a `Dispatcher`, a `Capacity`. Out: configurations, each a job. A Tune trial is one unit, or a few that train
together; Tune decides nothing but which worker takes it.
"""
# ruff: noqa: ARG002  Tune names the arguments of a searcher

from typing import Any

from ray.tune.search import Searcher

from search_spaces.resources import Resources
from sweeps.engine.capacity import Capacity
from sweeps.engine.dispatch import Dispatcher


class UnitSearcher(Searcher):
    """Gives None while nothing can begin, and says that it has finished when nothing is left."""

    def __init__(self, dispatcher: Dispatcher, capacity: Capacity) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._capacity = capacity

    def suggest(self, trial_id: str) -> Any:
        """Give the configuration of the next unit."""
        job = self._dispatcher.take(self._capacity.can_hold, self._capacity.count_slots)
        if job is None:
            return Searcher.FINISHED if self._dispatcher.is_finished else None
        self._capacity.take(job.unit_id, Resources.model_validate(job.request))
        return {
            "unit_id": job.unit_id,
            "kind": job.kind,
            "title": job.title if not job.companions else f"{job.title}, with {len(job.companions)} more",
            "companions": [companion.unit_id for companion in job.companions],
            "job": job.as_config(),
        }

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: what became of a unit is heard by the callback, which knows the unit and its failure."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the store is the truth, and what is missing in it is planned anew."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, as `save`."""

    def __getstate__(self) -> dict[str, Any]:
        """Give nothing: Tune pickles its searcher into a state that is never read."""
        return {}
