"""What a sweep will cost, as far as it can be known before it runs: time, GPU-hours, money, disk.

In: planned trials, what is there already, rates (`sweeps.forecast.rates`). Out: an `Estimate`. Light.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from search_spaces.resources import Resources
from sweeps.forecast.power import count_test_examples
from sweeps.forecast.rates import Rates, count_test_sets
from sweeps.forecast.simulation import Schedule, simulate
from sweeps.planning.plan import PlannedTrial, SharedStage, collect_shared_stages
from sweeps.planning.tree import count_steps
from sweeps.units.companions import MAX_WIDTH
from sweeps.units.graph import Unit
from xlt_core.arrays.signature import find_array_key

_CHECKPOINT_SIZES = 2 * 3
"""Two checkpoints are kept, each with the weights and two optimiser moments; weights to choose among come besides."""
_ROW_BYTES = 12_000
"""Of a trial's own row and its scores."""
_PREDICTION_BYTES = 6
"""Of one test example in a compressed table, as measured on the embedded world."""


@dataclass(frozen=True, kw_only=True)
class DiskNeed:
    """Bytes, by what takes them; results of a hub's test sets are not counted."""

    stages: int
    """Encoders that shared stages leave."""
    checkpoints: int
    """Of what runs at a time, where trials train together as many as ever do; removed when it is done."""
    weights: int
    """Of all trials, where they are kept."""
    results: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.stages + self.checkpoints + self.weights + self.results


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Of what is still to be run; none where nothing is known."""

    num_pending: int
    """Trials."""
    slots: int
    """Units at a time that were reckoned with."""
    num_gpus: int
    """That these slots are on."""
    source: str
    """Where times are from: `history`, `probe`, or empty."""
    num_unknown: int
    """Units like none that was measured: with any, the time is not known."""
    unit_seconds: Mapping[str, float]
    """Of stages (by key) and trials (by id) that are still to be run, where known."""
    schedule: Schedule | None
    gpu_seconds: float | None
    """Share of a GPU times seconds, over all units."""
    disk: DiskNeed | None


def estimate_cost(
    trials: Sequence[PlannedTrial],
    resources: Resources,
    rates: Rates,
    encoder_bytes: Callable[[str], int | None],
    *,
    finished: Collection[str] = (),
    published: Collection[str] = (),
    slots: int,
    num_gpus: int = 0,
) -> Estimate:
    """Estimate from rates, and from the sizes of the encoders.

    Args:
        trials: all that are planned.
        resources: of one trial.
        rates: of what is like them.
        encoder_bytes: gives the size of an encoder's weights, or none.
        finished: ids of the trials that have rows.
        published: keys of the stages that are there.
        slots: units at a time (`count_slots`).
        num_gpus: that these are on.
    """
    pending = [trial for trial in trials if trial.trial_id not in finished]
    stages = [shared for shared in collect_shared_stages(pending) if shared.stage.key not in published]
    known = {shared.stage.key: rates.of_stage(shared.stage) for shared in stages}
    known |= {trial.trial_id: rates.of_trial(trial.plan) for trial in pending}
    seconds = {unit_id: value for unit_id, value in known.items() if value is not None}
    is_known = len(seconds) == len(known)
    shares = {shared.stage.key: resources.of_trial(shared.spec).gpu for shared in stages}
    shares |= {trial.trial_id: resources.of_trial(trial.plan.spec).gpu for trial in pending}
    return Estimate(
        num_pending=len(pending),
        slots=slots,
        num_gpus=num_gpus,
        source=rates.source,
        num_unknown=len(known) - len(seconds),
        unit_seconds=seconds,
        schedule=simulate(_list_units(pending, stages), seconds, slots) if is_known else None,
        gpu_seconds=sum(shares[unit_id] * value for unit_id, value in seconds.items()) if is_known else None,
        disk=_estimate_disk(trials, resources, encoder_bytes, slots),
    )


def count_slots(resources: Resources, num_cores: int, num_gpus: int) -> int:
    """Units that run at a time on so many cores and GPUs; at least one, wherever it finds its room."""
    slots = int(num_cores / resources.cpu)
    if resources.gpu:
        slots = min(slots, int(num_gpus / resources.gpu + 1e-9))
    return max(1, min(slots, resources.max_concurrent or slots))


def _list_units(trials: Sequence[PlannedTrial], stages: Sequence[SharedStage]) -> list[Unit]:
    units = [
        Unit(
            unit_id=shared.stage.key,
            kind="stage",
            title=shared.title,
            needs=shared.stage.needs,
            num_steps=count_steps(shared.stage),
        )
        for shared in stages
    ]
    return units + [
        Unit(
            unit_id=trial.trial_id,
            kind="trial",
            title=trial.title,
            needs=tuple(stage.key for stage in trial.plan.shared_stages),
            num_steps=count_steps(trial.plan.target_stage),
        )
        for trial in trials
    ]


def _estimate_disk(
    trials: Sequence[PlannedTrial], resources: Resources, encoder_bytes: Callable[[str], int | None], slots: int
) -> DiskNeed | None:
    sizes = {source: encoder_bytes(source) for source in {trial.plan.spec.encoder.source for trial in trials}}
    if any(size is None for size in sizes.values()):
        return None
    size_of = {source: size or 0 for source, size in sizes.items()}
    kept = [shared for shared in collect_shared_stages(trials) if shared.stage.kind != "score"]  # the others: tables
    trained = {trial.plan.target_stage.key: trial for trial in trials if count_steps(trial.plan.target_stage)}
    weights = sum(size_of[trial.plan.spec.encoder.source] for trial in trained.values())
    tests: dict[str, int] = {}
    for trial in trials:  # cells differ in their training: of each set of test sets one is counted
        task = trial.plan.spec.target.task
        if task not in tests:
            tests[task] = sum(count_test_examples(trial.plan).values())
    num_examples = sum(
        tests[trial.plan.spec.target.task] * count_test_sets(trial.plan) // max(1, len(trial.plan.languages))
        for trial in trials
    )
    return DiskNeed(
        stages=sum(size_of[shared.spec.encoder.source] for shared in kept),
        checkpoints=_count_at_a_time(trials, slots)
        * max((_count_kept(trial) * size_of[trial.plan.spec.encoder.source] for trial in trials), default=0),
        weights=weights if resources.keep_weights else 0,
        results=len(trials) * _ROW_BYTES + num_examples * _PREDICTION_BYTES,
    )


def _count_at_a_time(trials: Sequence[PlannedTrial], slots: int) -> int:
    """Trials that train at a time, at most."""
    cells = {trial.plan.cell_id: trial.plan for trial in trials}
    keys = {cell_id: find_array_key(plan) for cell_id, plan in cells.items()}
    alike = Counter(keys[trial.plan.cell_id] for trial in trials)
    together = max((number for key, number in alike.items() if key is not None), default=1)
    return min(len(trials), slots * min(together, MAX_WIDTH))


def _count_kept(trial: PlannedTrial) -> int:
    """Times the weights that a trial keeps while it runs."""
    evaluation = trial.plan.spec.evaluation
    return _CHECKPOINT_SIZES + (evaluation.num_candidates if evaluation.other_selections else 0)


def count_held_gpus(resources: Resources, slots: int) -> int:
    """GPUs that so many units take."""
    return ceil(slots * resources.gpu - 1e-9)
