"""What `xlt sweep status` says, as plain values and as text. In: where a sweep lies. Out: both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from results.store import ResultStore
from sweeps.observing.explanation import (
    FailureGroup,
    Waiting,
    describe_failures,
    describe_waiting,
    group_failures,
    introduce,
    list_waiting,
    next_command,
)
from sweeps.observing.heartbeats import Heartbeat
from sweeps.observing.observation import Observation, Observer
from sweeps.observing.phrases import (
    describe_arrays,
    describe_counts,
    describe_devices,
    describe_extremes,
    describe_forecast,
    describe_step,
)

_MAX_LINES = 12


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a sweep is, and why it is no further."""

    seen: Observation
    failures: tuple[FailureGroup, ...]
    waiting: tuple[Waiting, ...]
    num_with_checkpoint: int
    """Pending trials that have begun to train and go on from there."""
    damaged: Mapping[str, str]
    """Why a trial's files cannot be read, by trial id."""
    command: str
    """The one that goes on."""


def find_status(place: Path | str) -> Status:
    """Look at a sweep.

    Raises:
        ResultsError: there is no sweep there.
    """
    observer = Observer(place)
    seen, store = observer.look(), observer.store
    damaged = store.find_damaged()
    return Status(
        seen=seen,
        failures=tuple(group_failures(store)),
        waiting=tuple(list_waiting(store, seen)),
        num_with_checkpoint=_count_checkpoints(store, seen),
        damaged=damaged,
        command=next_command(seen, num_damaged=len(damaged), may_propose_more=_may_propose_more(store)),
    )


def as_json(status: Status) -> dict[str, Any]:
    """Give plain values for programs."""
    seen = status.seen
    driver = seen.driver if seen.has_driver else None
    return {
        "name": seen.name,
        "folder": seen.place,
        "counts": dict(seen.counts),
        "num_trials": seen.num_trials,
        "has_driver": seen.has_driver,
        "driver": None if driver is None else {"host": driver.host, "pid": driver.pid, "launch_id": driver.launch_id},
        "running": [_describe_running(beat) for beat in seen.running],
        "trials_per_minute": seen.forecast.trials_per_minute,
        "seconds_left": seen.forecast.seconds_left,
        "languages": None if seen.extremes is None else asdict(seen.extremes),
        "failures": [asdict(group) for group in status.failures],
        "waiting": [asdict(waiting) for waiting in status.waiting],
        "num_with_checkpoint": status.num_with_checkpoint,
        "damaged": [{"trial_id": name, "reason": reason} for name, reason in sorted(status.damaged.items())],
        "next": status.command,
    }


def print_status(status: Status, console: Console) -> None:
    """Write a status for people."""
    seen = status.seen
    lines = [f"[bold]{escape(seen.name)}[/bold]  {escape(seen.place)}", *map(escape, _list_facts(seen))]
    lines += _section("running", [f"{beat.title}  {describe_step(beat)}  on {beat.host}" for beat in seen.running])
    lines += _section("not well", list(describe_failures(status.failures)))
    lines += _section("waiting", [describe_waiting(waiting) for waiting in status.waiting])
    if status.num_with_checkpoint and not seen.has_driver:
        number = status.num_with_checkpoint
        trials = "1 unfinished trial goes" if number == 1 else f"{number:,} unfinished trials go"
        lines.append(f"{trials} on from a checkpoint")
    damaged = [f"trial {name}: {reason}" for name, reason in sorted(status.damaged.items())]
    lines += _section("damaged, run again by the next launch", damaged)
    lines.append(escape(introduce(status.command)))
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _list_facts(seen: Observation) -> list[str]:
    facts = [f"{seen.num_trials:,} trials: {describe_counts(seen.counts)}", _describe_driver(seen)]
    facts += [f"languages: {describe_extremes(seen.extremes)}"] if seen.extremes else []
    facts += describe_arrays(seen.running)
    return facts + [f"GPU: {text}" for text in describe_devices(seen.running)]


def _describe_running(beat: Heartbeat) -> dict[str, Any]:
    return {
        "unit_id": beat.unit_id,
        "title": beat.title,
        "kind": beat.kind,
        "step": beat.num_steps_taken,
        "num_steps": beat.num_steps,
        "loss": beat.loss,
        "doing": beat.doing,
        "host": beat.host,
        "pid": beat.pid,
        **asdict(beat.vitals),
    }


def _describe_driver(seen: Observation) -> str:
    if not seen.has_driver:
        return "nothing is running" if not seen.running else "no driver is at work, but what it had begun runs on"
    where = f" (process {seen.driver.pid} on {seen.driver.host})" if seen.driver is not None else ""
    if not seen.running:
        return f"a process has the sweep in hand{where}; nothing is training yet, or any more"
    return f"a driver is at work{where}: {describe_forecast(seen.forecast)}"


def _section(title: str, lines: list[str]) -> list[str]:
    if not lines:
        return []
    shown = [f"  {escape(line)}" for line in lines[:_MAX_LINES]]
    more = [f"  and {len(lines) - _MAX_LINES:,} more: --format json lists all"] if len(lines) > _MAX_LINES else []
    return [f"[bold]{title}[/bold]", *shown, *more]


def _count_checkpoints(store: ResultStore, seen: Observation) -> int:
    """Pending trials that have a checkpoint; known of a folder on this machine."""
    folder = store.storage.local_folder
    if folder is None or not seen.num_pending:
        return 0
    pending = set(store.pending())
    return len(pending & {path.parent.name for path in (folder / "checkpoints").glob("*/step_*")})


def _may_propose_more(store: ResultStore) -> bool:
    """Whether a search proposes cells while others run, and fewer are planned than it was asked for."""
    search = (store.sweep.get("space") or {}).get("search")
    asked = search.get("optuna") if isinstance(search, dict) else None
    if asked is None:
        return False
    plan = store.plan().select(["cell_id", "baseline_cell_id"]).to_pylist()
    cells = {row["cell_id"] for row in plan if row["cell_id"] != row["baseline_cell_id"]}
    return len(cells) < int(asked["num_cells"])
