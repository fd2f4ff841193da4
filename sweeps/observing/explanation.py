"""Why a sweep stands as it does: what failed and why, what waits for what, what is damaged, and how to go on.

In: the store of a sweep and an `Observation`. Out: plain values, each a sentence's worth. Reads, changes nothing.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from results.schema import PENDING
from results.storage import open_storage
from results.store import ResultStore
from sweeps.observing.observation import Observation
from sweeps.planning.plan import PlannedTrial, collect_shared_stages
from sweeps.tables.rows import planned_trial
from sweeps.units.claims import claim_path, read_claim
from xlt_core.artifacts import MANIFEST
from xlt_core.stage_plan import Stage

_NUMBER = re.compile(r"\b[0-9a-f]{16}\b|\d[\d.,e+-]*")
"""Keys of stages and trials, too."""
_UNREMARKABLE = ("ok", PENDING)


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """Trials that ended alike."""

    status: str
    reason: str
    """Of the first; the others' differ in numbers and keys at most."""
    num_trials: int
    example: str
    """Title of the first."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A shared stage that pending trials need and that is not there yet."""

    stage_key: str
    title: str
    state: str
    """`runs`, `is claimed`, `waits` or `was not begun`."""
    why: str
    """In words."""
    num_trials: int


def group_failures(store: ResultStore) -> list[FailureGroup]:
    """Group the trials that did not end well by status and reason, the most frequent first."""
    table = store.snapshot().trials.select(["status", "reason", "cell", "seed"])
    table = table.filter(pc.invert(pc.is_in(table["status"], value_set=_as_array(_UNREMARKABLE))))
    groups: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        groups[row["status"], _NUMBER.sub("#", row["reason"] or "")].append(row)
    found = [
        FailureGroup(
            status=status,
            reason=rows[0]["reason"] or "no reason given",
            num_trials=len(rows),
            example=f"{rows[0]['cell']} · seed {rows[0]['seed']}",
        )
        for (status, _), rows in groups.items()
    ]
    return sorted(found, key=lambda group: -group.num_trials)


def list_waiting(store: ResultStore, seen: Observation) -> list[Waiting]:
    """List the shared stages that pending trials wait for."""
    trials, needed_by = _pending_stages(store)
    running = {beat.unit_id: beat for beat in seen.running}
    stages = {one.stage.key: one for one in collect_shared_stages(trials)}
    missing = {key: one for key, one in stages.items() if not _is_there(store, seen, key)}
    found = []
    for key, one in missing.items():
        state, why = _state_of(one.stage, missing, seen, running, store)
        found.append(Waiting(stage_key=key, title=one.title, state=state, why=why, num_trials=needed_by[key]))
    return found


def next_command(seen: Observation, *, num_damaged: int = 0, may_propose_more: bool = False) -> str:
    """Give the one command that goes on.

    Args:
        seen: the sweep as it stands.
        num_damaged: finished trials whose files cannot be read.
        may_propose_more: a search may want cells beyond those that are planned.
    """
    if seen.has_driver:
        return f"xlt sweep watch {seen.place}"
    if seen.num_pending or num_damaged:
        return f"xlt sweep resume {seen.place}"
    again = [status for status in ("infra", "oom") if seen.counts.get(status)]
    if again:
        return f"xlt sweep resume {seen.place} --rerun {','.join(again)}"
    return f"xlt sweep resume {seen.place}" if may_propose_more else f"xlt results deltas {seen.place}"


def introduce(command: str) -> str:
    """Say what `next_command` is for, and give it."""
    if "watch" in command.split():
        return f"watch it with: {command}"
    if "--rerun" in command:
        return f"run what failed again with: {command}"
    return f"go on with: {command}" if "resume" in command.split() else f"look at it with: {command}"


def _pending_stages(store: ResultStore) -> tuple[list[PlannedTrial], Counter[str]]:
    """Pending trials that together have every shared stage of all of them, and how many of all need each."""
    finished = store.finished()
    plan = store.plan()
    pending = plan.filter(pc.invert(pc.is_in(plan["trial_id"], value_set=_as_array(finished))))
    needed_by: Counter[str] = Counter()
    places = []
    for place, text in enumerate(pending["plan"].to_pylist()):
        keys = [stage["key"] for stage in json.loads(text)["stages"][:-1]]
        if not all(key in needed_by for key in keys):
            places.append(place)
        needed_by.update(keys)
    return [planned_trial(row) for row in pending.take(pa.array(places, pa.int64())).to_pylist()], needed_by


def _is_there(store: ResultStore, seen: Observation, key: str) -> bool:
    storage = store.storage.below("stages")
    if seen.driver is not None and seen.driver.stages_folder is not None:
        storage = open_storage(seen.driver.stages_folder)
    return storage.exists(f"{key}/{MANIFEST}")


def _state_of(
    stage: Stage, missing: Collection[str], seen: Observation, running: Mapping[str, Any], store: ResultStore
) -> tuple[str, str]:
    if stage.key in running:
        return "runs", f"runs on {running[stage.key].host}"
    folder = _stages_folder(store, seen)
    claim = read_claim(claim_path(folder, stage.key)) if folder is not None else None
    if claim is not None and (seen.driver is None or claim.launch_id != seen.driver.launch_id):
        return "is claimed", f"another sweep computes it: process {claim.pid} on {claim.host}"
    if any(key in missing for key in stage.needs):
        return "waits", "waits for a stage before it"
    return "was not begun", "waits for a free worker" if seen.has_driver else "was not begun, or not finished"


def _stages_folder(store: ResultStore, seen: Observation) -> Path | None:
    """Where claims on stages are; none on remote storage."""
    if seen.driver is not None and seen.driver.stages_folder is not None:
        return Path(seen.driver.stages_folder)
    folder = store.storage.local_folder
    return None if folder is None else folder / "stages"


def _as_array(values: Iterable[str]) -> pa.Array:
    return pa.array(list(values), pa.string())


def describe_waiting(waiting: Waiting) -> str:
    """Write it as a sentence's end: `3 trials wait for intermediate world, which ...`."""
    number = "1 trial waits" if waiting.num_trials == 1 else f"{waiting.num_trials} trials wait"
    return f"{number} for {waiting.title}: {waiting.why}"


def describe_failures(groups: Collection[FailureGroup]) -> Iterator[str]:
    """Write one line a group."""
    for group in groups:
        number = "1 trial" if group.num_trials == 1 else f"{group.num_trials} trials"
        example = group.example if group.num_trials == 1 else f"such as {group.example}"
        yield f"{number} {group.status}: {group.reason} ({example})"
