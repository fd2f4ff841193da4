"""Make a folder a sweep's, and read back what is planned in it. In: a space, a folder. Out: a store with its plan."""

import json
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from results.errors import NotASweepError
from results.store import ResultStore
from search_spaces.resources import Resources
from search_spaces.space import SearchSpace
from sweeps.growth.declaration import date_analysis
from sweeps.growth.extend import GrownPlan, plan_grown_sweep, read_space
from sweeps.growth.widths import Goal, check_language
from sweeps.planning.plan import PlannedTrial, SweepPlan
from sweeps.tables.languages import language_rows
from sweeps.tables.rows import plan_row, planned_trial
from xlt_core.errors import StoreError

_LIBRARIES = ("xlt-sweeps", "torch", "transformers", "ray", "pyarrow")


def begin_sweep(space: SearchSpace, place: Path | str, goal: Goal | None = None) -> tuple[ResultStore, SweepPlan]:
    """Plan a space and make the folder its sweep's; a sweep that is there already is extended.

    Args:
        space: to be run.
        place: the folder.
        goal: what is asked of the results; one that no trial can meet is refused.

    Raises:
        XltError: the space, its data, its encoder or the goal cannot be used; nothing is written then.
        ResultsError: the folder holds another sweep, or something that is no sweep.
    """
    held = _find_held(place)
    if held is not None:
        held.set_damaged_plans_aside()
    grown = plan_grown_sweep(space, held)
    if goal is not None:
        check_language(grown.plan.trials, goal)
    return write_grown_plan(grown, place), grown.plan


def mend_plan(store: ResultStore) -> tuple[str, ...]:
    """Plan a sweep anew from the space in sweep.json where files of its plan are damaged; give their names.

    Raises:
        XltError: the space, its data or its encoder cannot be used any more.
    """
    damaged, space = store.set_damaged_plans_aside(), read_space(store)
    if damaged and space is not None:
        grown = plan_grown_sweep(space, store)
        store.write_plan([plan_row(trial) for trial in grown.plan.trials])
    return damaged


def _find_held(place: Path | str) -> ResultStore | None:
    """The sweep that a folder holds; none where it holds none."""
    try:
        return ResultStore.open(place)
    except NotASweepError:  # whether it may become one is seen when it is made one
        return None


def write_grown_plan(grown: GrownPlan, place: Path | str) -> ResultStore:
    """Make a folder the plan's sweep, or write the plan into that sweep's folder.

    Raises:
        ResultsError: the folder holds another sweep, or something that is no sweep.
    """
    analysis = date_analysis(grown, _find_held(place))
    store = ResultStore.create(
        place,
        {
            "name": grown.plan.name,
            "sweep_id": grown.plan.sweep_id,
            "space": grown.space.model_dump(mode="json"),
            "versions": {name: version(name) for name in _LIBRARIES},
            **({} if analysis is None else {"analysis": analysis}),
        },
    )
    store.write_plan([plan_row(trial) for trial in grown.plan.trials])
    store.write_languages(language_rows(grown.all_trials))
    return store


def read_planned_trials(store: ResultStore, without: Collection[str] = ()) -> tuple[PlannedTrial, ...]:
    """Read every trial that was ever planned in a store, in the order of the plan.

    Args:
        store: of the sweep.
        without: ids of trials that are left out: reading the plans of thousands takes seconds.

    Raises:
        StoreError: none is planned: the launch was killed before it had planned, or the files of the plan are gone.
    """
    plan = store.plan()
    if not plan.num_rows:
        raise StoreError(
            f"{store.uri}: no trial is planned in it; run `xlt sweep run SPACE --out {store.uri}` with the space "
            f"'{store.sweep['name']}' again: it plans anew and keeps what has finished"
        )
    is_left_out = pc.is_in(plan["trial_id"], value_set=pa.array(without, pa.string()))
    return tuple(planned_trial(row) for row in plan.filter(pc.invert(is_left_out)).to_pylist())


def read_resources(store: ResultStore) -> Resources:
    """Read the resources that the sweep's space names; the defaults where it was not begun from a space."""
    space = store.sweep.get("space") or {}
    return Resources.model_validate_json(json.dumps(space.get("resources", {})))
