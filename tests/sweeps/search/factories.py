"""Searches without training: a real store into which made-up scores are written."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.planning.plan import PlannedTrial, plan_sweep
from sweeps.search.optuna_search import OptunaSource
from sweeps.tables.rows import plan_row
from tests.results.factories import score_row, trial_row
from tests.sweeps.factories import make_space
from xlt_core.spec import TrialSpec

AXES: dict[str, Any] = {
    "target.perturbation": {"method": ["gaussian", "uniform"], "magnitude": {"uniform": [0.0, 1.0]}},
    "intermediate": ["none", {"task": "world", "dose": [0.0, 1.0]}],
}
LANGUAGES = ("src", "kin-hi", "far-lo")

Scores = Callable[[TrialSpec], dict[str, float]]


def searched(num_cells: int = 10, axes: dict[str, Any] | None = None, **search: Any) -> SearchSpace:
    """A space whose cells are proposed."""
    return make_space(axes=axes or AXES, search={"optuna": {"num_cells": num_cells, **search}})


def begin(space: SearchSpace, folder: Path) -> ResultStore:
    """Plan the space in a folder."""
    plan = plan_sweep(space)
    store = ResultStore.create(folder, {"name": plan.name, "sweep_id": plan.sweep_id})
    store.write_plan([plan_row(trial) for trial in plan.trials])
    return store


def open_source(space: SearchSpace, store: ResultStore) -> OptunaSource:
    """Open the search of a space."""
    assert space.search.optuna is not None
    return OptunaSource(space, space.search.optuna, store)


def planted(spec: TrialSpec) -> dict[str, float]:
    """Best at magnitude 0.7 of uniform noise, and worse after an intermediate stage; the same for every seed but for
    an offset that is the baseline's, too."""
    perturbation = spec.target.perturbation
    gain = 20.0 - 100.0 * (perturbation.magnitude - 0.7) ** 2 - (3.0 if perturbation.method != "uniform" else 0.0)
    gain = (gain if perturbation.magnitude else 0.0) - (4.0 if spec.intermediate else 0.0) + spec.seed
    return {"src": 80.0 - gain, "kin-hi": 50.0 + gain, "far-lo": 30.0 + gain / 2}


def publish(store: ResultStore, trial: PlannedTrial, scores: Scores = planted, status: str = "ok") -> None:
    """Write what a trial is made to have come to."""
    found = scores(trial.plan.spec) if status in ("ok", "degenerate", "stopped_early") else {}
    rows = [score_row(trial.trial_id, language, value) for language, value in found.items()]
    store.publish_trial(trial_row(trial.trial_id, status), rows)


def end(source: OptunaSource, store: ResultStore, trials: Iterable[PlannedTrial], **result: Any) -> None:
    """Have trials end."""
    for trial in trials:
        publish(store, trial, **result)
        source.trial_ended(trial.trial_id)


def run(source: OptunaSource, store: ResultStore, *, num_parallel: int = 1, **result: Any) -> list[PlannedTrial]:
    """Run a search to its end; gives the trials in the order in which they were run."""
    ran: list[PlannedTrial] = []
    while not source.is_finished:
        batch = [trials for _ in range(num_parallel) if (trials := source.propose()) is not None]
        assert batch or source.is_finished, "nothing runs and nothing is proposed"
        for trials in batch:
            end(source, store, trials, **result)
            ran += trials
    return ran
