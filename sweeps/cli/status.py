"""What `xlt sweep status` says, as plain values and as text. In: a folder that holds a sweep. Out: both."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from results.store import ResultStore
from sweeps.display import format_seconds
from sweeps.estimate import count_statuses, landing_rate
from sweeps.execute import SCRATCH
from sweeps.heartbeats import read_heartbeats
from sweeps.launch import has_driver

Summary = dict[str, Any]


def summarise_status(folder: Path) -> Summary:
    """Describe how far a sweep is.

    Raises:
        ResultsError: there is no sweep in the folder.
    """
    store = ResultStore.open(folder)
    counts = count_statuses(store)
    rate, num_pending = landing_rate(store), counts.get("pending", 0)
    running = read_heartbeats(folder / SCRATCH / "progress")
    return {
        "name": store.sweep["name"],
        "folder": str(folder),
        "counts": dict(sorted(counts.items())),
        "num_trials": sum(counts.values()),
        "has_driver": has_driver(folder),
        "running": [
            {
                "title": beat.title,
                "kind": beat.kind,
                "step": beat.num_steps_taken,
                "num_steps": beat.num_steps,
                "host": beat.host,
                "pid": beat.pid,
            }
            for beat in running
        ],
        "trials_per_minute": None if rate is None else round(60 * rate, 2),
        "seconds_left": None if rate is None or not running else round(num_pending / rate, 1),
    }


def print_status(summary: Summary, console: Console) -> None:
    """Write a status for people."""
    console.print(f"[bold]{summary['name']}[/bold]  {escape(summary['folder'])}", highlight=False, soft_wrap=True)
    for status, number in summary["counts"].items():
        console.print(f"{number:>6}  {status}", highlight=False)
    for beat in summary["running"]:
        console.print(
            f"running  {escape(beat['title'])}  {beat['kind']} step {beat['step']}/{beat['num_steps']}", highlight=False
        )
    if summary["trials_per_minute"] is not None:
        console.print(f"{summary['trials_per_minute']:g} trials a minute lately", highlight=False)
    if summary["seconds_left"] is not None:
        console.print(f"about {format_seconds(summary['seconds_left'])} left", highlight=False)
    elif summary["has_driver"] and not summary["running"]:
        console.print("a process has the sweep in hand; nothing is training yet, or any more")
    elif summary["counts"].get("pending") and not summary["running"]:
        console.print(f"nothing is running; go on with: xlt sweep resume {escape(summary['folder'])}", soft_wrap=True)
