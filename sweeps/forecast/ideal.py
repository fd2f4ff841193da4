"""How much of the training that a sweep did was needed: against each stage of its tree run once, without a restart.

In: a store, with its logs. Out: a `WorkDone`. Light.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from results.storage import Storage
from results.store import ResultStore
from sweeps.observing.events import LOGS_FOLDER, Event, parse_events
from sweeps.planning.plan import PlannedTrial, collect_shared_stages
from sweeps.planning.tree import count_steps


@dataclass(frozen=True, kw_only=True)
class WorkDone:
    """Steps of training, of the finished trials and the stages that they needed."""

    num_steps_ideal: int
    """Every stage once."""
    num_steps_alone: int
    """If every trial had run all of its own."""
    num_steps_done: int | None
    """By the logs, repeated ones counted again; none: there are no logs."""
    num_stages_ideal: int
    """Shared stages, each once."""
    num_stages_done: int
    """Runs of shared stages that went to their end, by the rows: more where trials ran what others had run."""

    @property
    def repeated_share(self) -> float | None:
        """Steps beyond the ideal, as a share of the ideal; none: not known."""
        if self.num_steps_done is None or not self.num_steps_ideal:
            return None
        return self.num_steps_done / self.num_steps_ideal - 1


def compare_work(trials: Iterable[PlannedTrial], store: ResultStore) -> WorkDone:
    """Compare what was done with what the tree of stages asks for.

    Args:
        trials: planned in the store.
        store: with rows, and with logs where its folder was not thinned out.
    """
    rows = {row["trial_id"]: row["stages"] for row in store.trials().select(["trial_id", "stages"]).to_pylist()}
    finished = [trial for trial in trials if rows.get(trial.trial_id)]
    steps = {shared.stage.key: count_steps(shared.stage) for shared in collect_shared_stages(finished)}
    own = {trial.trial_id: count_steps(trial.plan.target_stage) for trial in finished}
    runs = [cost["stage_key"] for trial in finished for cost in json.loads(rows[trial.trial_id]) if _is_own_run(cost)]
    ran_within = sum(key in steps for key in runs)
    ran_apart = len(steps.keys() - set(runs))  # as units of their own
    return WorkDone(
        num_steps_ideal=sum(steps.values()) + sum(own.values()),
        num_steps_alone=sum(count_steps(stage) for trial in finished for stage in trial.plan.stages),
        num_steps_done=_count_logged(store.storage, [*steps, *own]),
        num_stages_ideal=len(steps),
        num_stages_done=ran_within + ran_apart,
    )


def _is_own_run(cost: Mapping[str, object]) -> bool:
    return not cost["is_shared"]


def _count_logged(storage: Storage, unit_ids: Iterable[str]) -> int | None:
    """Steps in the logs of these units; none where not one of them has a log."""
    there = set(storage.list_names(LOGS_FOLDER, ".jsonl"))
    names = [name for unit_id in unit_ids if (name := f"{LOGS_FOLDER}/{unit_id}.jsonl") in there]
    return sum(count_steps_taken(parse_events(storage.read_bytes(name))) for name in names) if names else None


def count_steps_taken(events: Iterable[Event]) -> int:
    """Steps that the attempts of one unit took together, as far as their logs go: to within a second before a kill.

    Not every step is logged, but the first of an attempt is, wherever it goes on from, and the last. A number that
    falls within an attempt is that of another training of the same unit, from its beginning.
    """
    num_steps = 0
    last: int | None = None
    for event in events:
        if event.event == "attempt":
            last = None
        elif event.event == "step":
            step = int(event.fields["step"])
            num_steps += 1 if last is None else step - last if step > last else step
            last = step
    return num_steps
