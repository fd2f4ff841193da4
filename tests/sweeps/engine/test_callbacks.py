"""Whatever Tune says of a unit, it is done with once, or goes on; storage that fails ends the sweep."""

import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from results.errors import StorageError
from results.store import ResultStore
from search_spaces.resources import Resources
from sweeps.engine.callbacks import SweepCallback
from sweeps.engine.capacity import Capacity
from sweeps.engine.dispatch import Dispatcher
from sweeps.engine.scarcity import ScarcityWatch
from sweeps.planning.plan import plan_sweep
from sweeps.units.failures import MAX_ATTEMPTS
from sweeps.units.job import Job
from sweeps.units.resources import Node
from sweeps.units.stopping import SignalWatch, StopSweep
from sweeps.workers.outcomes import DONE, RUNG, ArrayOutcome, UnitOutcome
from tests.sweeps.engine.test_work import make_work
from tests.sweeps.factories import make_space, text_of
from xlt_core.artifacts import publish_folder


@dataclass
class TuneTrial:
    """What a callback sees of a Tune trial."""

    config: dict[str, Any]
    last_result: dict[str, Any] = field(default_factory=dict)
    num_failures: int = 0
    error_file: str | None = None


class Driver:
    """A dispatcher with one trial whose stage is there, and what Tune would call."""

    changes: ClassVar[dict[str, Any]] = {"axes": {}}
    use_arrays = False

    def __init__(self, folder: Path) -> None:
        work = make_work(folder, **self.changes)
        work.use_arrays = self.use_arrays
        self.dispatcher = Dispatcher(work, plan_sweep(make_space(**self.changes)).trials)
        self.capacity = Capacity(lambda: [Node(node_id="a", amounts={"CPU": 1.0})])
        scarcity = ScarcityWatch(tuple, tuple, print)
        self.signals = SignalWatch()
        self.callback = SweepCallback(self.dispatcher, self.capacity, scarcity, self.signals)
        stage = self.take()
        publish_folder(self.dispatcher.work.place.stages / stage.unit_id, lambda _: None, {"status": "ok"})
        self.complete(stage, UnitOutcome(status=DONE).as_result())
        self.job = self.take()

    def take(self) -> Job:
        job = self.dispatcher.take(self.capacity.can_hold)
        assert job is not None
        self.capacity.take(job.unit_id, Resources.model_validate(job.request))
        return job

    def complete(self, job: Job, result: dict[str, Any]) -> None:
        trial = TuneTrial({"unit_id": job.unit_id, "title": job.title, "companions": []}, result)
        self.callback.on_trial_complete(iteration=1, trials=[], trial=trial)

    def fail(self, job: Job) -> None:
        trial = TuneTrial({"unit_id": job.unit_id, "title": job.title, "companions": []}, num_failures=MAX_ATTEMPTS)
        self.callback.on_trial_error(iteration=1, trials=[], trial=trial)

    def publish(self, status: str) -> None:
        row = {"trial_id": self.job.unit_id, "status": status, "launch_id": self.dispatcher.work.place.launch_id}
        self.dispatcher.work.store.publish_trial(row, [])


@pytest.fixture
def driver(tmp_path: Path) -> Driver:
    return Driver(tmp_path)


def _status(driver: Driver) -> str | None:
    return ResultStore.open(driver.dispatcher.work.store.folder).finished().get(driver.job.unit_id)


def test_a_unit_that_tune_ended_without_a_result_has_a_row_and_is_not_waited_for(driver: Driver) -> None:
    driver.complete(driver.job, {})
    assert driver.dispatcher.is_finished
    assert _status(driver) == "infra"


def test_what_is_said_twice_counts_once(driver: Driver) -> None:
    driver.publish("ok")
    for _ in range(2):
        driver.complete(driver.job, UnitOutcome(status="ok").as_result())
    driver.fail(driver.job)
    assert driver.dispatcher.work.display.num_done == 1
    assert _status(driver) == "ok"


def test_a_trial_that_was_stopped_at_a_rung_is_scored_next_and_its_room_is_free_meanwhile(driver: Driver) -> None:
    driver.complete(driver.job, UnitOutcome(status=RUNG, num_steps=2, source_dev_score=41.5).as_result())
    stop = driver.take()
    assert (stop.unit_id, stop.kind, stop.stop_at_step) == (driver.job.unit_id, "stop", 2)
    assert stop.stop_reason == "stopped by the scheduler at step 2, with a dev score of 41.50"


def test_the_end_of_a_stopped_trial_that_fails_is_a_failure_of_the_trial(driver: Driver) -> None:
    driver.complete(driver.job, UnitOutcome(status=RUNG, num_steps=2, source_dev_score=41.5).as_result())
    driver.fail(driver.take())
    assert driver.dispatcher.is_finished
    assert _status(driver) == "infra"
    assert f"the worker process died {MAX_ATTEMPTS} times" in text_of(driver.dispatcher.work.display.console)


def test_an_error_of_ours_ends_nothing_and_storage_that_fails_ends_the_sweep(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [RuntimeError("a bug"), StorageError("the bucket is gone")]

    def refresh() -> None:
        raise errors.pop(0)

    monkeypatch.setattr(driver.dispatcher.work.display, "refresh", refresh)
    driver.callback.on_step_end(iteration=1, trials=[])
    with pytest.raises(StopSweep, match="the bucket is gone"):
        driver.callback.on_step_end(iteration=2, trials=[])


def test_a_signal_whose_exception_was_swallowed_ends_the_sweep_within_a_step(driver: Driver) -> None:
    with suppress(KeyboardInterrupt):
        driver.signals.hear(signal.SIGINT, None)
    with pytest.raises(StopSweep, match="Ctrl-C"):
        driver.callback.on_step_end(iteration=1, trials=[])


def test_a_unit_that_tune_gives_up_early_is_begun_again_until_it_died_often_enough(driver: Driver) -> None:
    """A lost node is two failures to Tune, of which the second ends a trial that waits for another worker."""
    for num_failures in (2, MAX_ATTEMPTS - 3):
        driver.callback.on_trial_error(
            0, [], TuneTrial({"unit_id": driver.job.unit_id, "title": "t", "companions": []}, {}, num_failures)
        )
        assert driver.dispatcher.work.store.finished() == {}
        assert driver.take().unit_id == driver.job.unit_id
    driver.callback.on_trial_error(
        0, [], TuneTrial({"unit_id": driver.job.unit_id, "title": "t", "companions": []}, {}, 1)
    )
    assert driver.dispatcher.work.store.finished() == {driver.job.unit_id: "infra"}
    assert driver.dispatcher.is_finished


class ArrayDriver(Driver):
    """With four trials, taken together."""

    changes: ClassVar[dict[str, Any]] = {"axes": {"target.perturbation.magnitude": [0.0, 0.5]}, "seeds": 2}
    use_arrays = True

    def tune_trial(self, result: dict[str, Any] | None = None, num_failures: int = 0) -> TuneTrial:
        config = {
            "unit_id": self.job.unit_id,
            "title": self.job.title,
            "companions": [one.unit_id for one in self.job.companions],
        }
        return TuneTrial(config, result or {}, num_failures)


def test_what_an_array_came_to_is_told_of_each_member(tmp_path: Path) -> None:
    driver = ArrayDriver(tmp_path)
    *ids, left = [one.unit_id for one in driver.job.members]
    for trial_id in ids:
        row = {"trial_id": trial_id, "status": "ok", "launch_id": driver.dispatcher.work.place.launch_id}
        driver.dispatcher.work.store.publish_trial(row, [])
    outcome = ArrayOutcome(ended={trial_id: UnitOutcome(status="ok") for trial_id in ids}, left=(left,), num_members=4)
    driver.callback.on_trial_complete(iteration=1, trials=[], trial=driver.tune_trial(outcome.as_result()))
    assert driver.dispatcher.work.display.counts == {"ok": 3}
    assert driver.take().unit_id == left


@pytest.mark.parametrize("is_given_up", [True, False])
def test_members_of_an_array_that_tune_gives_up_are_begun_again_alone(tmp_path: Path, is_given_up: bool) -> None:
    driver = ArrayDriver(tmp_path)
    assert len(driver.job.members) == 4
    if is_given_up:
        driver.callback.on_trial_error(0, [], driver.tune_trial(num_failures=MAX_ATTEMPTS))
    else:
        driver.callback.on_trial_complete(iteration=1, trials=[], trial=driver.tune_trial())
    assert driver.dispatcher.work.store.finished() == {}
    alone = []
    for _ in range(4):
        driver.capacity.release(driver.job.unit_id)
        driver.job = driver.take()
        assert driver.job.companions == ()
        alone.append(driver.job.unit_id)
    assert len(set(alone)) == 4
