"""Run trials that train together, once, and publish what comes of each as if it had been alone.

In: a `Job` with companions. Out: files in the sweep folder, and an `ArrayOutcome`. Imports torch when it runs.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeps.observing.events import LOGS_FOLDER
from sweeps.observing.heartbeats import PROGRESS_FOLDER, HeartbeatFile
from sweeps.observing.uploading import uploading
from sweeps.units.failures import describe_failure
from sweeps.units.job import SCRATCH, Job
from sweeps.workers.execute import Attempt, OnReport, Worker
from sweeps.workers.outcomes import STORAGE, ArrayOutcome, UnitOutcome
from xlt_core.errors import DamagedArtifactError
from xlt_core.plan import TrialPlan

if TYPE_CHECKING:
    from xlt_core.arrays.run import ArrayTraining

_MAX_ATTEMPTS_TOGETHER = 2
"""From the third on a trial is run alone, whatever became of those before."""


def attempt_array(job: Job, on_report: OnReport | None = None) -> ArrayOutcome:
    """Make one attempt at trials that may train together.

    Args:
        job: of the first, with its companions.
        on_report: see `OnReport`.

    Raises:
        Exception: an infrastructure failure of one of them that is worth another attempt, in a fresh process; it is
            raised when the others have ended, which are found to have when the job is run again.
    """
    ids = [member.unit_id for member in job.members]
    heartbeats = [f"{SCRATCH}/{PROGRESS_FOLDER}/{unit_id}.json" for unit_id in ids]
    logs = [f"{LOGS_FOLDER}/{unit_id}.jsonl" for unit_id in ids]
    with uploading(job.place, heartbeats, logs=logs), ExitStack() as stack:
        return _Array(job, stack, on_report).run()


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A trial whose attempt has begun."""

    attempt: Attempt
    worker: Worker
    heartbeat: HeartbeatFile
    plan: TrialPlan

    @property
    def trial_id(self) -> str:
        return self.plan.trial_id


class _Array:
    """One attempt at several trials."""

    def __init__(self, job: Job, stack: ExitStack, on_report: OnReport | None) -> None:
        self._job = job
        self._stack = stack
        self._on_report = on_report
        self._ended: dict[str, UnitOutcome] = {}
        self._errors: list[Exception] = []
        self._apart: list[str] = []
        """Members that are to be run alone."""
        self._has_failed = False

    def run(self) -> ArrayOutcome:
        begun = [self._begin(Attempt(job)) for job in self._job.members]
        members = [member for member in begun if member is not None]
        for member in members:
            if member.attempt.number > _MAX_ATTEMPTS_TOGETHER:
                self._set_apart(member, f"begun together with others {_MAX_ATTEMPTS_TOGETHER} times, and did not end")
        together = [member for member in members if self._may_train_together(member)]
        training = self._train(together) if len(together) > 1 else None
        left = training.left if training else ()
        for member in together:
            if training is not None and member.trial_id in training.trained:
                member.heartbeat.say("waits to be scored")
        for member in members:
            if member.trial_id in left:
                member.attempt.take_back()
                member.attempt.log.write("left", width=training.width if training else None)
            elif member.trial_id not in self._apart and not self._is_storage_lost:
                self._finish(member, training)
        if self._errors and not self._is_storage_lost:
            raise self._errors[0]
        is_measured = training is not None and training.is_measured and self._job.max_width is None
        return ArrayOutcome(
            ended=self._ended,
            left=left,
            apart=tuple(self._apart),
            num_members=len(together),
            measured_width=training.width if training and is_measured else None,
            failed=self._has_failed,
        )

    @property
    def _is_storage_lost(self) -> bool:
        """No further trial would fare better."""
        return any(outcome.status == STORAGE for outcome in self._ended.values())

    def _begin(self, attempt: Attempt) -> _Member | None:
        """None: the trial has ended before it could train."""
        job = attempt.job

        def run() -> _Member | UnitOutcome:
            published = attempt.find_published()
            if published is not None:
                return published
            heartbeat = HeartbeatFile(job.place.scratch / PROGRESS_FOLDER, job.unit_id, job.title, self._on_report)
            self._stack.callback(heartbeat.end)
            worker = attempt.begin(heartbeat)
            return _Member(attempt=attempt, worker=worker, heartbeat=heartbeat, plan=worker.fetch_stages())

        return self._settle(attempt, run)

    def _may_train_together(self, member: _Member) -> bool:
        """Not what is only scored."""
        return member.trial_id not in self._apart and not member.worker.has_weights(member.plan)

    def _set_apart(self, member: _Member, reason: str, **told: Any) -> None:
        """Have a trial run alone, which may be elsewhere; it goes on from its own checkpoints."""
        member.attempt.take_back()
        member.attempt.log.write("alone", reason=reason, **told)
        self._apart.append(member.trial_id)

    def _train(self, members: Sequence[_Member]) -> "ArrayTraining | None":
        """None: it did not work out, whatever the reason."""
        from xlt_core.arrays.run import ArrayMember, train_array

        members[0].heartbeat.begin()
        ids = [member.trial_id for member in members]
        for member in members:
            member.attempt.log.write("array", members=ids, max_width=self._job.max_width)
        asked = [ArrayMember(member.plan, member.worker.workspace(), member.worker.on_progress) for member in members]
        try:
            return train_array(asked, max_width=self._job.max_width)
        except Exception as error:
            failure = describe_failure(error)
            self._has_failed = not isinstance(error, DamagedArtifactError)  # which is no fault of the array
        for member in members:
            self._set_apart(member, failure.reason, traceback=failure.traceback)
        return None

    def _finish(self, member: _Member, training: "ArrayTraining | None") -> None:
        """Score and publish a trial that is trained; train it first where there was nobody to train with."""
        trained = training.trained.get(member.trial_id) if training else None
        if trained is not None:
            member.heartbeat.say("scoring")
        self._settle(member.attempt, lambda: member.worker.finish_trial(member.plan, member.attempt.number, trained))
        member.heartbeat.end()

    def _settle(self, attempt: Attempt, run: Callable[[], _Member | UnitOutcome]) -> _Member | None:
        """Do a part of an attempt, and note the outcome where it ends it; none: it has ended, or is to be repeated."""
        try:
            made = attempt.conclude(run)
        except Exception as error:  # it is in the log; the others go on
            self._errors.append(error)
            return None
        if isinstance(made, UnitOutcome):
            self._ended[attempt.job.unit_id] = made
            return None
        return made
