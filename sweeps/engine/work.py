"""The books of a launch: its trials and stages, jobs made of them, rows and deltas; the same with and without Ray.

In: planned trials. Out: jobs for workers, rows of trials that could not write their own, events for the display.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from results.store import ResultStore
from search_spaces.cell_checks import count_target_steps
from search_spaces.resources import Resources
from search_spaces.searches import Scheduler, rung_steps
from sweeps.observing.display import Display
from sweeps.planning.plan import PlannedTrial, SharedStage, collect_shared_stages
from sweeps.planning.tree import count_steps
from sweeps.tables.takeover import read_course
from sweeps.units.failures import Failure
from sweeps.units.graph import Unit, UnitKind
from sweeps.units.job import Job, Place, payload_of_stage, payload_of_trial
from sweeps.units.stopping import writing_rows
from sweeps.workers.execute import conclude_failure
from sweeps.workers.shelf import Shelf, open_shelf
from xlt_core.arrays.signature import find_array_key
from xlt_core.spec import TrialSpec

_SECONDS_BETWEEN_DELTAS = 30.0
_DELTAS_SHARE_OF_TIME = 0.02


@dataclass
class Work:
    """Trials to run, the stages they share, and how to run them."""

    store: ResultStore
    place: Place
    resources: Resources
    """Of a trial where no rule says otherwise."""
    display: Display
    scheduler: Scheduler = field(default_factory=Scheduler)
    use_arrays: bool = False
    """Train several trials together where they can be."""
    former: Mapping[str, str] = field(default_factory=dict)
    """Status of the trials that are run again."""
    memory_fractions: Mapping[str, float] = field(default_factory=dict)
    """By request (`request_of`): what one unit may take of a device's memory."""
    trials: dict[str, PlannedTrial] = field(default_factory=dict)
    stages: dict[str, SharedStage] = field(default_factory=dict)
    """Of the trials, those that are there already included."""
    _array_keys: dict[str, str | None] = field(default_factory=dict)
    """By cell: they say nothing of seeds."""
    _deltas_written_at: float = field(default_factory=time.monotonic)
    _deltas_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.shelf: Shelf = open_shelf(self.place)

    def add(self, trials: Iterable[PlannedTrial]) -> tuple[SharedStage, ...]:
        """Take in trials; give the stages that they add, parents before children."""
        added = {trial.trial_id: trial for trial in trials}
        self.trials |= added
        stages = [one for one in collect_shared_stages(added.values()) if one.stage.key not in self.stages]
        self.stages |= {one.stage.key: one for one in stages}
        return tuple(stages)

    def request_of(self, spec: TrialSpec) -> Resources:
        """What a unit of this spec takes to run."""
        return self.resources.of_trial(spec)

    def unit_of_stage(self, shared: SharedStage) -> Unit:
        """Make the unit of a shared stage."""
        return Unit(
            unit_id=shared.stage.key,
            kind="stage",
            title=shared.title,
            needs=shared.stage.needs,
            num_steps=count_steps(shared.stage),
            request=self.request_of(shared.spec).model_dump_json(),
        )

    def unit_of_trial(self, trial: PlannedTrial) -> Unit:
        """Make the unit of a trial."""
        return Unit(
            unit_id=trial.trial_id,
            kind="trial",
            title=trial.title,
            needs=tuple(stage.key for stage in trial.plan.shared_stages),
            num_steps=count_steps(trial.plan.target_stage),
            request=self.request_of(trial.plan.spec).model_dump_json(),
            array_key=self._find_array_key(trial),
            seed=trial.plan.spec.seed,
        )

    def job_of_trial(self, trial_id: str, stopped: tuple[int, str] | None = None) -> Job:
        """Make the job of a trial; of one that was stopped, its end.

        Args:
            trial_id: of the trial.
            stopped: steps taken, and why no more are.
        """
        trial = self.trials[trial_id]
        spec = trial.plan.spec
        kind: UnitKind = "trial" if stopped is None else "stop"
        course = read_course(self.store, trial.supersedes) if trial.supersedes else None
        if stopped is None and course is not None and course.stop_at_step is not None:
            stopped = (course.stop_at_step, course.stop_reason)
        # A baseline is never stopped: all others are compared with it.
        is_settled = stopped is not None or course is not None or trial.is_baseline
        return Job(
            unit_id=trial_id,
            kind=kind,
            title=trial.title,
            payload=payload_of_trial(trial),
            rung_steps=() if is_settled else self._rungs_of(spec),
            stop_at_step=stopped[0] if stopped else None,
            stop_reason=stopped[1] if stopped else "",
            predecessor=trial.supersedes,
            former_status=self.former.get(trial_id),
            **self._shared_settings(spec),
        )

    def job_of_stage(self, key: str, dead_claim: str = "") -> Job:
        """Make the job of a shared stage."""
        shared = self.stages[key]
        return Job(
            unit_id=key,
            kind="stage",
            title=shared.title,
            payload=payload_of_stage(shared),
            spec=shared.spec.model_dump_json(),
            dead_claim=dead_claim,
            **self._shared_settings(shared.spec),
        )

    def trial_ended(self, trial_id: str) -> None:
        """Note that a trial's row is there; renew the deltas from time to time.

        Raises:
            StopSweep: rows cannot be written.
        """
        row = self.store.read_trial(trial_id)
        assert row is not None, "whoever says that a trial has ended has written its row"
        title = self.trials[trial_id].title
        self.display.trial_ended(title, row["status"], row["wall_seconds"], row["reason"], trial_id)
        pause = max(_SECONDS_BETWEEN_DELTAS, self._deltas_seconds / _DELTAS_SHARE_OF_TIME)
        if time.monotonic() - self._deltas_written_at >= pause:
            self._write_deltas()

    def record_failure(self, trial_id: str, failure: Failure, attempt: int) -> None:
        """Write the row of a trial whose worker could not.

        Raises:
            StopSweep: rows cannot be written.
        """
        with writing_rows():
            conclude_failure(self.job_of_trial(trial_id), failure, attempt)

    def _find_array_key(self, trial: PlannedTrial) -> str | None:
        """Alone runs what reports on its way, what may stop where another did or have its weights already, and what
        is to have fewer examples in memory than a step has: an array would have those of all its members."""
        has_rungs = not trial.is_baseline and bool(self._rungs_of(trial.plan.spec))
        is_parted = self.request_of(trial.plan.spec).micro_batch_size is not None
        if not self.use_arrays or has_rungs or is_parted or trial.supersedes:
            return None
        cell_id = trial.plan.cell_id
        if cell_id not in self._array_keys:
            self._array_keys[cell_id] = find_array_key(trial.plan)
        return self._array_keys[cell_id]

    def _rungs_of(self, spec: TrialSpec) -> tuple[int, ...]:
        return rung_steps(self.scheduler, count_target_steps(spec))

    def _shared_settings(self, spec: TrialSpec) -> dict[str, Any]:
        request = self.request_of(spec)
        return {
            "place": self.place,
            "num_threads": max(1, int(request.cpu)),  # the same wherever it runs: they change the last bits of a sum
            "micro_batch_size": request.micro_batch_size,
            "memory_fraction": self.memory_fractions.get(request.model_dump_json(), _share_of(request)),
            "request": request.model_dump(mode="json"),
        }

    def _write_deltas(self) -> None:
        started = time.monotonic()
        with writing_rows():
            self.store.write_deltas()
        self._deltas_written_at = time.monotonic()
        self._deltas_seconds = self._deltas_written_at - started


def _share_of(request: Resources) -> float | None:
    """What a unit may take of a GPU's memory that was not measured for it, such as one that a search proposes later."""
    return request.gpu if 0 < request.gpu < 1 else None
