"""Run a launch's units on Ray Tune: its searcher asks the dispatcher, its workers run what they are handed.

In: a `Dispatcher`. Out: files in the sweep folder; Tune's own state is scratch and is never read.
"""

import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import ray
from ray import tune
from rich.markup import escape

from results.storage import open_storage
from search_spaces.resources import Resources
from sweeps.clusters.lean import plain_workers
from sweeps.clusters.preflight import check_nodes
from sweeps.clusters.session import list_nodes, ray_cluster
from sweeps.engine.calibration import calibrate
from sweeps.engine.callbacks import SweepCallback
from sweeps.engine.capacity import Capacity
from sweeps.engine.dispatch import Dispatcher
from sweeps.engine.options import LaunchOptions
from sweeps.engine.scarcity import ScarcityWatch
from sweeps.engine.schedulers import build_scheduler, read_past_trials
from sweeps.engine.searcher import UnitSearcher
from sweeps.engine.work import Work
from sweeps.observing.loggers import build_loggers
from sweeps.observing.metrics import SweepMetrics
from sweeps.units.failures import MAX_ATTEMPTS, find_storage_trouble
from sweeps.units.resources import check_resources, placement_of
from sweeps.units.stopping import SignalWatch, signals_stop_the_sweep, stop_for_storage
from sweeps.workers.trainable import UnitTrainable


def run_on_ray(dispatcher: Dispatcher, options: LaunchOptions) -> None:
    """Run all units; every trial has a row then.

    Raises:
        StopSweep: interrupted, or the disk is full; what is published stays.
        XltError: Ray cannot be started, a node is not fit, or the resources cannot be met; nothing has run.
    """
    work = dispatcher.work
    with ray_cluster(options.address, work.place.scratch / "driver.log"), signals_stop_the_sweep() as signals:
        dispatcher.propose_first()
        trials = list(work.trials.values())
        requests = {one.model_dump_json(): one for one in (work.request_of(trial.plan.spec) for trial in trials)}
        check_resources(requests.values(), list_nodes())
        check_nodes(trials, work.place, is_local=options.address is None)
        work.memory_fractions = calibrate(trials, work.request_of)
        capacity = Capacity(list_nodes, options.resources.max_concurrent)
        sweep_name = str(work.store.sweep["name"])
        work.display.metrics = SweepMetrics(sweep_name)
        loggers = build_loggers(
            options.loggers,
            work.place.work_folder,
            sweep_name=sweep_name,
            say=lambda text: work.display.say(escape(text)),
        )
        try:
            with plain_workers() if options.address is None else nullcontext():
                _run_tuner(_build_tuner(dispatcher, capacity, signals, loggers))
        finally:
            for one in loggers:
                one.finish()


def _build_tuner(
    dispatcher: Dispatcher, capacity: Capacity, signals: SignalWatch, loggers: Sequence[tune.Callback]
) -> tune.Tuner:
    work = dispatcher.work
    scarcity = ScarcityWatch(lambda: dispatcher.requests, list_nodes, lambda text: work.display.say(escape(text)))
    return tune.Tuner(
        tune.with_resources(UnitTrainable, _place),
        tune_config=tune.TuneConfig(
            search_alg=UnitSearcher(dispatcher, capacity),
            scheduler=build_scheduler(work.scheduler, read_past_trials(work.store)),
            num_samples=-1,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="trials",
            **_scratch_of(work),
            failure_config=tune.FailureConfig(max_failures=MAX_ATTEMPTS - 1),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            callbacks=[SweepCallback(dispatcher, capacity, scarcity, signals), *loggers],
            verbose=0,
        ),
    )


def _run_tuner(tuner: tune.Tuner) -> None:
    try:
        tuner.fit()
    except (ray.exceptions.RayError, tune.TuneError, OSError) as error:
        if trouble := find_storage_trouble(error):
            raise stop_for_storage(trouble) from error
        raise


def _place(config: dict[str, Any]) -> tune.PlacementGroupFactory:
    return placement_of(Resources.model_validate(config["job"]["request"]))


def _scratch_of(work: Work) -> dict[str, Any]:
    """Where Tune keeps what it writes: below the sweep's folder, which every node sees."""
    if work.place.is_remote:
        storage = open_storage(work.place.folder)
        return {"storage_path": storage.path_of("ray/tune"), "storage_filesystem": storage.filesystem}
    shutil.rmtree(work.place.scratch / "tune", ignore_errors=True)
    return {"storage_path": str((work.place.scratch / "tune").absolute())}
