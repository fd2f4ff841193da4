"""`xlt sweep watch`: how a sweep goes, live, from another terminal or another machine. In: a sweep. Out: a display.

Reads only: the store, the driver's note, the heartbeats of the workers. Whoever watches may stop at any time.
"""

import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from sweeps.observing.heartbeats import Heartbeat, SilenceWatch
    from sweeps.observing.observation import Observation, Observer

_MAX_RUNNING_SHOWN = 40
_REMOTE_SECONDS = 10.0
_LOOKS_WITHOUT_DRIVER = 2
"""A driver that is followed at once by another is no end."""


def run_watch(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The sweep's folder, or s3:// or gs:// URI.")],
    once: Annotated[bool, typer.Option("--once", help="Look once and print.")] = False,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
) -> None:
    """Watch a sweep that another process runs: counts, rate, time left, what runs where, languages, GPUs."""
    from sweeps.observing.heartbeats import SilenceWatch
    from sweeps.observing.observation import Observer

    console = Console()
    observer, silence = Observer(folder), SilenceWatch()
    seen = observer.look()
    if once or not seen.has_driver or not console.is_terminal:
        console.print(show(seen, silence))
    else:
        try:
            seen = _watch(observer, silence, seen, every, console)
        except KeyboardInterrupt:
            return
    if not seen.has_driver:
        from sweeps.observing.explanation import introduce, next_command

        ending = f"no driver is at work; {introduce(next_command(seen))}"
        console.print(ending, highlight=False, markup=False, soft_wrap=True)


def show(seen: "Observation", silence: "SilenceWatch") -> RenderableType:
    """Lay out one look."""
    from sweeps.observing.phrases import (
        describe_arrays,
        describe_counts,
        describe_devices,
        describe_extremes,
        describe_forecast,
    )

    num_done = seen.num_trials - seen.num_pending
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(seen.name, style="bold"),
        ProgressBar(total=max(1, seen.num_trials), completed=num_done, width=24),
        Text(f"{num_done:,}/{seen.num_trials:,}"),
        Text(describe_counts(seen.counts)),
    )
    lines: list[RenderableType] = [head]
    if seen.has_driver:
        where = f"driver: process {seen.driver.pid} on {seen.driver.host}, " if seen.driver is not None else ""
        lines.append(Text(where + describe_forecast(seen.forecast)))
    if seen.extremes is not None:
        lines.append(Text(f"languages: {describe_extremes(seen.extremes)}"))
    lines += [Text(text) for text in describe_arrays(seen.running)]
    lines += [Text(f"GPU: {text}") for text in describe_devices(seen.running)]
    if seen.running:
        lines.append(_lay_out_running(seen.running, silence))
    return Group(*lines)


def _lay_out_running(running: "tuple[Heartbeat, ...]", silence: "SilenceWatch") -> Table:
    from sweeps.observing.phrases import describe_silence, describe_step

    table = Table("running", "at", "host", "memory", "", box=None, pad_edge=False, header_style="bold")
    seconds = silence.listen(running)
    for beat in running[:_MAX_RUNNING_SHOWN]:
        memory = "" if beat.vitals.resident_bytes is None else f"{beat.vitals.resident_bytes / 1e9:.1f} GB"
        quiet = describe_silence(seconds[beat.unit_id])
        table.add_row(escape(beat.title), escape(describe_step(beat)), escape(beat.host), memory, f"[yellow]{quiet}")
    if len(running) > _MAX_RUNNING_SHOWN:
        table.add_row(f"and {len(running) - _MAX_RUNNING_SHOWN} more", "", "", "", "")
    return table


def _watch(
    observer: "Observer", silence: "SilenceWatch", seen: "Observation", every: float, console: Console
) -> "Observation":
    """Look until nobody drives the sweep any more; give the last look."""
    pause = every if observer.storage.local_folder is not None else max(every, _REMOTE_SECONDS)
    num_undriven = 0
    with Live(show(seen, silence), console=console, auto_refresh=False) as live:
        while num_undriven < _LOOKS_WITHOUT_DRIVER:
            time.sleep(pause)
            seen = observer.look()
            num_undriven = 0 if seen.has_driver else num_undriven + 1
            live.update(show(seen, silence), refresh=True)
    return seen
