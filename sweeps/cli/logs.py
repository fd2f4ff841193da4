"""`xlt sweep logs`: what happened to a trial or a stage, attempt by attempt. In: a sweep, a name. Out: text or JSON.

Reads only, and needs no driver.
"""

import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sweeps.cli.output import ListFormat, print_rows

if TYPE_CHECKING:
    from results.store import ResultStore
    from sweeps.observing.events import Event
    from sweeps.observing.unit_logs import UnitName

_FOLLOW_SECONDS = 0.5
_REMOTE_FOLLOW_SECONDS = 5.0


class LogFormat(StrEnum):
    """How a log is written."""

    text = "text"
    json = "json"


def run_logs(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The sweep's folder, or s3:// or gs:// URI.")],
    unit: Annotated[
        str | None,
        typer.Argument(metavar="[TRIAL]", help="A trial or stage: id, beginning of it, or title; else all are listed."),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing until it ends.")] = False,
    tail: Annotated[int | None, typer.Option(min=1, help="Only the last so many events.")] = None,
    output: Annotated[
        LogFormat, typer.Option("--format", help="text, or json: the lines as they are.")
    ] = LogFormat.text,
) -> None:
    """Print what happened to a trial or a stage, with the tracebacks of its failures; or list what has begun."""
    from results.store import ResultStore
    from sweeps.observing.unit_logs import find_unit

    store = ResultStore.open(folder)
    if unit is None:
        _list(store, output)
        return
    name = find_unit(store, unit)
    shown = list(_read(store, name))
    _print(shown[-tail:] if tail else shown, output)
    if follow:
        try:
            _follow(store, name, len(shown), output)
        except KeyboardInterrupt:
            return
    elif output is LogFormat.text:
        _say_row(store, name, has_log=bool(shown))


def _list(store: "ResultStore", output: LogFormat) -> None:
    from sweeps.observing.unit_logs import list_begun

    rows = [
        {
            "id": name.unit_id,
            "unit": name.title,
            "attempt": event.attempt,
            "last event": event.event,
            "at": event.time,
            "host": event.host,
        }
        for name, event in sorted(list_begun(store), key=lambda begun: begun[1].time)
    ]
    form = ListFormat.json if output is LogFormat.json else ListFormat.table
    print_rows(rows, ["id", "unit", "attempt", "last event"], form, empty="nothing has begun yet")


def _read(store: "ResultStore", name: "UnitName") -> Iterator["Event"]:
    from sweeps.observing.events import parse_events
    from sweeps.observing.unit_logs import read_log

    return parse_events(read_log(store.storage, name.unit_id))


def _follow(store: "ResultStore", name: "UnitName", num_shown: int, output: LogFormat) -> None:
    """Print what comes until the unit has ended, or nobody is left who could go on with it."""
    from sweeps.units.lock import has_driver

    pause = _FOLLOW_SECONDS if store.storage.local_folder is not None else _REMOTE_FOLLOW_SECONDS
    while True:
        is_driven = has_driver(store.storage)  # before reading: what was written meanwhile is read still
        events = list(_read(store, name))
        _print(events[num_shown:], output)
        num_shown = len(events)
        if not is_driven or (events and _is_over(events[-1])):
            return
        time.sleep(pause)


def _is_over(event: "Event") -> bool:
    return event.event == "published" or (event.event == "failed" and not event.fields.get("will_retry"))


def _print(events: "list[Event]", output: LogFormat) -> None:
    from sweeps.observing.unit_logs import describe_event

    for event in events:
        line = event.as_line() if output is LogFormat.json else describe_event(event)
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say_row(store: "ResultStore", name: "UnitName", *, has_log: bool) -> None:
    """Say how it ended, or that it has not begun: a worker that was killed could write nothing."""
    console = Console()
    row: dict[str, Any] | None = store.read_trial(name.unit_id, ["status", "reason", "traceback", "attempt"])
    if row is None:
        if not has_log:
            console.print("it has not begun", highlight=False)
        return
    reason = f": {row['reason']}" if row["reason"] else ""
    console.print(f"result: {row['status']}{reason}", highlight=False, markup=False, soft_wrap=True)
    if row["traceback"] and not has_log:
        console.print(row["traceback"], highlight=False, markup=False, soft_wrap=True)
