"""What `xlt sweep plan` says, as plain values (`sweeps.cli.plan_text` writes them for people).

In: a space, a folder if there is one, what is asked besides. Out: JSON values.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from results.errors import NotASweepError
from results.store import ResultStore
from search_spaces.resources import Resources
from search_spaces.space import SearchSpace
from sweeps.cli.hub import encoder_bytes
from sweeps.clusters.session import num_cores
from sweeps.forecast.estimate import Estimate, count_held_gpus, count_slots, estimate_cost
from sweeps.forecast.power import ALPHA, POWER, Noise, count_test_examples, detectable_effects, measure_delta_sds
from sweeps.forecast.rates import Rates, read_rates
from sweeps.growth.extend import plan_grown_sweep
from sweeps.planning.plan import PlannedTrial, SweepPlan, collect_shared_stages, num_stage_runs_saved
from sweeps.planning.tree import StageTree, build_tree
from xlt_core.artifacts import MANIFEST
from xlt_core.errors import SpecError

Summary = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlanQuestions:
    """What is asked of a plan besides what it is."""

    probe: bool = False
    """Measure a few steps of each kind of trial on this machine."""
    num_gpus: int | None = None
    """To reckon with; none: one, where trials take any."""
    slots: int | None = None
    """Trials and stages at a time; none: as many as this machine's cores and those GPUs hold."""
    price: float | None = None
    """Of a GPU for an hour."""
    currency: str = "USD"


def summarise_plan(space: SearchSpace, folder: Path | str | None, questions: PlanQuestions | None = None) -> Summary:
    """Plan a space and describe the plan.

    Raises:
        XltError: a cell, its data or its encoder cannot be used.
        ResultsError: `folder` holds another sweep, or something that is no sweep.
    """
    questions = questions or PlanQuestions()
    plan = plan_grown_sweep(space, _open_held(folder)).plan
    store = ResultStore.find(folder, {"name": plan.name, "sweep_id": plan.sweep_id}) if folder else None
    published = _find_published(plan, store)
    finished = store.finished() if store else {}
    rates = _find_rates(plan, store, finished, space.resources, probe=questions.probe)
    slots, num_gpus = _reckon_with(space.resources, questions)
    estimate = estimate_cost(
        plan.trials,
        space.resources,
        rates,
        encoder_bytes,
        finished=finished,
        published=published,
        slots=slots,
        num_gpus=num_gpus,
    )
    return {
        **_describe_design(space, plan, published, estimate),
        "estimate": _describe_estimate(estimate, space.resources, questions),
        "detectable": _describe_effects(space, plan, store),
    }


class _Machines(NamedTuple):
    """What trials are reckoned to run on."""

    slots: int
    num_gpus: int


def _reckon_with(resources: Resources, questions: PlanQuestions) -> _Machines:
    """Units at a time, and the GPUs that they are on.

    Raises:
        SpecError: more at a time are asked for than the GPUs hold.
    """
    slots, num_gpus = questions.slots, questions.num_gpus
    if not resources.gpu:
        return _Machines(slots or count_slots(resources, num_cores(), 0), 0)
    if slots is None:
        # GPUs that are asked for come with cores of their own: those of this machine limit nothing
        cores = num_cores() if num_gpus is None else ceil(resources.cpu * (num_gpus / resources.gpu + 1))
        return _Machines(count_slots(resources, cores, num_gpus or 1), num_gpus or 1)
    needed = max(1, count_held_gpus(resources, slots))
    if num_gpus is not None and needed > num_gpus:
        raise SpecError(
            f"--slots {slots} takes {needed} GPUs at {resources.gpu:g} a trial, and --gpus {num_gpus} is given; leave "
            "one of the two out, or give fewer slots or more GPUs"
        )
    return _Machines(slots, num_gpus or needed)


def _open_held(folder: Path | str | None) -> ResultStore | None:
    """The sweep that a folder holds; none where it holds none."""
    try:
        return None if folder is None else ResultStore.open(folder)
    except NotASweepError:  # whether it may become one is seen when it is looked for
        return None


def _find_published(plan: SweepPlan, store: ResultStore | None) -> set[str]:
    if store is None:
        return set()
    keys = (shared.stage.key for shared in collect_shared_stages(plan.trials))
    return {key for key in keys if store.storage.exists(f"stages/{key}/{MANIFEST}")}


def _find_rates(
    plan: SweepPlan, store: ResultStore | None, finished: Collection[str], resources: Resources, *, probe: bool
) -> Rates:
    if not probe:
        return read_rates(plan.trials, store) if store and finished else Rates(source="")
    from sweeps.forecast.probing import probe_rates

    return probe_rates([trial for trial in plan.trials if trial.trial_id not in finished], resources)


def _describe_design(space: SearchSpace, plan: SweepPlan, published: Collection[str], estimate: Estimate) -> Summary:
    stages = collect_shared_stages(plan.trials)
    tree = build_tree(plan.trials)
    cells: dict[str, Summary] = {}
    for trial in plan.trials:
        row = cells.setdefault(
            trial.plan.cell_id, {"cell": trial.cell, "is_baseline": trial.is_baseline, "num_trials": 0}
        )
        row["num_trials"] += 1
    return {
        "name": plan.name,
        "sweep_id": plan.sweep_id,
        "num_trials": len(plan.trials),
        "num_cells": plan.num_cells,
        "num_proposed": plan.num_proposed,
        "seeds": list(space.seed_values),
        "cells": list(cells.values()),
        "languages": list(dict.fromkeys(language for trial in plan.trials for language in trial.plan.languages)),
        "shared_stages": [
            {
                "stage": shared.title,
                "key": shared.stage.key,
                "num_trials": len(shared.trial_ids),
                "is_published": shared.stage.key in published,
            }
            for shared in stages
        ],
        "stage_tree": _describe_tree(tree, published, estimate.unit_seconds),
        "num_stages": tree.num_stages,
        "num_stages_alone": tree.num_stages_alone,
        "num_steps": tree.num_steps,
        "num_steps_alone": tree.num_steps_alone,
        "num_stage_runs_saved": num_stage_runs_saved(plan.trials),
        "num_pending": estimate.num_pending,
    }


def _describe_tree(tree: StageTree, published: Collection[str], unit_seconds: Mapping[str, float]) -> list[Summary]:
    """One mapping a group of stages; seconds of what is still to be run, none where one of them is not known."""
    described: list[Summary] = []
    for group in tree.groups:
        seconds = [unit_seconds[key] for key in group.keys if key in unit_seconds]
        described.append(
            {
                "stage": group.title,
                "kind": group.kind,
                "depth": group.depth,
                "num_stages": len(group.keys),
                "num_published": sum(key in published for key in group.keys),
                "num_trials_each": [min(group.num_trials), max(group.num_trials)],
                "num_steps": group.num_steps,
                "seconds": sum(seconds) if seconds else None,
            }
        )
    return described


def _describe_estimate(estimate: Estimate, resources: Resources, questions: PlanQuestions) -> Summary:
    schedule, hour = estimate.schedule, 3600.0
    gpu_hours = None if estimate.gpu_seconds is None else estimate.gpu_seconds / hour
    held_hours = None if schedule is None else schedule.wall_seconds / hour * count_held_gpus(resources, estimate.slots)
    price = questions.price
    return {
        "source": estimate.source or None,
        "num_concurrent": estimate.slots,
        "num_gpus": estimate.num_gpus,
        "num_unknown_units": estimate.num_unknown,
        "wall_seconds": schedule.wall_seconds if schedule else None,
        "critical_path_seconds": schedule.path_seconds if schedule else None,
        "busy_seconds": schedule.busy_seconds if schedule else None,
        "busy_share": schedule.busy_share if schedule else None,
        "gpu_hours": gpu_hours,
        "held_gpu_hours": held_hours,
        "price": price,
        "currency": questions.currency if price is not None else None,
        "cost": None if price is None or gpu_hours is None else price * gpu_hours,
        "held_cost": None if price is None or held_hours is None else price * held_hours,
        "disk_bytes": {**asdict(estimate.disk), "total": estimate.disk.total} if estimate.disk else None,
    }


def _describe_effects(space: SearchSpace, plan: SweepPlan, store: ResultStore | None) -> Summary:
    """Smallest differences that can be seen, one list a target task; empty where test sets are not on this machine."""
    measured = measure_delta_sds(store) if store else {}
    noise = Noise(delta_sds=measured)
    first: dict[str, PlannedTrial] = {}
    for trial in plan.trials:
        first.setdefault(trial.plan.spec.target.task, trial)
    tasks = [
        {
            "task": task,
            "languages": [
                asdict(effect)
                for effect in detectable_effects(count_test_examples(trial.plan), len(space.seed_values), noise)
            ],
        }
        for task, trial in first.items()
    ]
    return {
        "num_seeds": len(space.seed_values),
        "power": POWER,
        "alpha": ALPHA,
        "disagreeing_share": noise.disagreeing_share,
        "seed_sd": noise.seed_sd,
        "measured_delta_sds": measured,
        "tasks": tasks,
    }
