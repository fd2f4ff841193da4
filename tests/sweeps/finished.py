"""Sweeps with results that nobody has trained: for what reads a store."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from results.store import ResultStore
from sweeps.planning.plan import PlannedTrial, SweepPlan
from sweeps.tables.rows import plan_row

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def finish_trials(
    folder: Path,
    plan: SweepPlan,
    score: Callable[[PlannedTrial], Mapping[str, float]],
    describe: Callable[[PlannedTrial], Mapping[str, Any]] = lambda _: {},
) -> ResultStore:
    """Make a store in which all trials of a plan have ended well.

    Args:
        folder: of the store.
        plan: of the sweep.
        score: accuracies by language.
        describe: other columns of a trial's row.
    """
    store = ResultStore.create(folder, {"name": plan.name, "sweep_id": plan.sweep_id})
    store.write_plan([plan_row(trial) for trial in plan.trials])
    for place, trial in enumerate(plan.trials):
        scores = [
            {
                "trial_id": trial.trial_id,
                "language": language,
                "metric": "accuracy",
                "selection": "last",
                "condition": "clean",
                "value": value,
                "num_examples": 10,
            }
            for language, value in score(trial).items()
        ]
        row = {"trial_id": trial.trial_id, "status": "ok", "started_at": BEGUN + timedelta(seconds=place)}
        store.publish_trial({**row, **describe(trial)}, scores)
    return store
