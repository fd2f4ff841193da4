"""Finds the log of a trial or a stage by what a person would call it, and puts its events into words.

In: the storage of a sweep, an id, the beginning of one, or a title. Out: a `UnitName`, events, lines of text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from results.storage import Storage
from results.store import ResultStore
from sweeps.observing.events import LOGS_FOLDER, TAIL_BYTES, Event, parse_events
from xlt_core.errors import XltError

_MAX_CANDIDATES = 8
_SUFFIX = ".jsonl"


@dataclass(frozen=True, kw_only=True)
class UnitName:
    """What a stage or trial is called."""

    unit_id: str
    title: str


def find_unit(store: ResultStore, wanted: str) -> UnitName:
    """Find a planned trial, or a stage that has begun.

    Args:
        store: of the sweep.
        wanted: its id, the beginning of its id, its title (`magnitude 0.5 · seed 3`), or a part of its title.

    Raises:
        XltError: there is none, or more than one.
    """
    titles = {**_title_stages(store.storage), **_title_trials(store)}
    tests = (
        lambda unit_id, title: wanted in (unit_id, title),
        lambda unit_id, _: unit_id.startswith(wanted),
        lambda _, title: wanted.casefold() in title.casefold(),
    )
    for is_meant in tests:
        found = [
            UnitName(unit_id=unit_id, title=title) for unit_id, title in titles.items() if is_meant(unit_id, title)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            shown = "; ".join(f"{one.title} ({one.unit_id})" for one in found[:_MAX_CANDIDATES])
            more = f"; and {len(found) - _MAX_CANDIDATES} more" if len(found) > _MAX_CANDIDATES else ""
            raise XltError(f"'{wanted}' may be any of {len(found)}: {shown}{more}; give an id, or the whole title")
    raise XltError(
        f"no trial or stage '{wanted}' in {store.uri}; `xlt sweep logs {store.uri}` lists those that have begun, "
        f"`xlt results trials {store.uri}` all trials"
    )


def list_begun(store: ResultStore) -> Iterator[tuple[UnitName, Event]]:
    """Give every stage and trial that has a log, by id, with its last event."""
    storage = store.storage
    titles = {**_title_stages(storage), **_title_trials(store)}
    for name in storage.list_names(LOGS_FOLDER, _SUFFIX):
        unit_id = Path(name).stem
        event = _last_event(storage, name)
        if event is not None:
            yield UnitName(unit_id=unit_id, title=titles.get(unit_id, unit_id)), event


def read_log(storage: Storage, unit_id: str) -> bytes:
    """Read a unit's log as it stands; empty where there is none."""
    try:
        return storage.read_bytes(f"{LOGS_FOLDER}/{unit_id}{_SUFFIX}")
    except FileNotFoundError:
        return b""


def describe_event(event: Event) -> str:
    """Write an event for people: one line, and the traceback of a failure below."""
    moment = event.time.replace("T", " ").replace("+00:00", "Z")
    text = f"{moment}  {event.event:<10} {_describe_fields(event)}".rstrip()
    traceback = event.fields.get("traceback")
    return text if not traceback else "\n".join([text, *(f"    {line}" for line in str(traceback).splitlines())])


def _describe_fields(event: Event) -> str:
    fields = event.fields
    if event.event == "attempt":
        return f"number {event.attempt} of launch {event.launch_id}, on {event.host} (process {event.pid})"
    if event.event == "step" and "step" in fields:
        loss = fields.get("loss")
        told = f"  loss {loss:.4g}" if isinstance(loss, int | float) else f"  loss {loss}" if loss is not None else ""
        return f"{fields['step']}/{fields.get('num_steps', '?')}{told}"
    if event.event == "array":
        return f"{len(fields.get('members', ()))} trials train together"
    if event.event == "left":
        quicker = "one by one" if fields.get("width") == 1 else f"{fields.get('width', 'fewer')} at a time"
        return f"handed out again: {quicker} is quicker here"
    if event.event == "alone":
        return f"runs alone from here on: {fields.get('reason', '')}"
    if event.event == "failed":
        ending = "; another attempt follows" if fields.get("will_retry") else ""
        return f"{fields.get('reason', '')}{ending}"
    return ", ".join(f"{name} {_plain(value)}" for name, value in fields.items() if value is not None)


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _title_trials(store: ResultStore) -> Mapping[str, str]:
    plan = store.plan().select(["trial_id", "cell", "seed"])
    return {row["trial_id"]: f"{row['cell']} · seed {row['seed']}" for row in plan.to_pylist()}


def _title_stages(storage: Storage) -> dict[str, str]:
    """Titles as the first lines of the logs tell them, of stages alone."""
    titles = {}
    for name in storage.list_names(LOGS_FOLDER, _SUFFIX):
        first = next(parse_events(_first_line(storage, name)), None)
        if first is not None and first.fields.get("kind") == "stage":
            titles[Path(name).stem] = str(first.fields.get("title", ""))
    return titles


def _first_line(storage: Storage, name: str) -> bytes:
    folder = storage.local_folder
    if folder is None:
        return storage.read_bytes(name).split(b"\n", 1)[0]
    with (folder / name).open("rb") as file:
        return file.readline()


def _last_event(storage: Storage, name: str) -> Event | None:
    events = list(parse_events(storage.read_end(name, TAIL_BYTES)))
    return events[-1] if events else None
