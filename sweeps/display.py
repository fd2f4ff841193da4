"""What a person sees while a sweep runs: a live display in a terminal, plain lines elsewhere; always on stderr.

In: events from the driver, heartbeat files from the workers. Out: text.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from sweeps.heartbeats import Heartbeat, read_heartbeats

_PLAIN_SECONDS = 30.0
_LIVE_SECONDS = 0.5
_MAX_RUNNING_SHOWN = 16


@dataclass
class Display:
    """Counts what ends, shows what runs. A context manager; does nothing visible when `quiet`."""

    console: Console
    num_trials: int
    """Planned, all of them."""
    before: Mapping[str, int]
    """Trials by status that were finished before this launch and stay."""
    heartbeats: Path
    """Folder of the heartbeat files."""
    quiet: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    """Trials by status that ended in this launch."""
    _trials_began_at: float | None = None
    _last_refresh: float = 0.0
    _live: Progress | None = None
    _overall: TaskID | None = None
    _rows: dict[str, TaskID] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if self.console.is_terminal and not self.quiet:
            self._live = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                console=self.console,
                transient=True,
                refresh_per_second=4,
            )
            self._overall = self._live.add_task("sweep", total=self.num_trials, note="")
            self._live.start()
        else:
            self._last_refresh = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            self.console.print(text, highlight=False, soft_wrap=True)

    def stage_ended(self, title: str, seconds: float, reason: str | None) -> None:
        """Tell that a shared stage ended."""
        outcome = "done" if reason is None else f"[red]failed[/red]: {escape(reason)}"
        self.say(f"stage  {escape(title)}  {outcome}  {seconds:.1f} s")
        self.refresh()

    def trials_begin(self) -> None:
        """Start the clock that the rate is taken from."""
        self._trials_began_at = time.monotonic()

    def trial_ended(self, title: str, status: str, seconds: float | None, reason: str | None) -> None:
        """Count a trial and tell its outcome."""
        self.counts[status] += 1
        colour = "green" if status == "ok" else "yellow" if status == "degenerate" else "red"
        took = "" if seconds is None else f"  {seconds:.1f} s"
        why = f"  {escape(reason)}" if reason else ""
        done = f"{self.num_done:>{len(str(self.num_trials))}}/{self.num_trials}"
        self.say(f"{done}  [{colour}]{status}[/{colour}]  {escape(title)}{took}{why}")
        self.refresh()

    @property
    def num_done(self) -> int:
        """Trials with a row, of this launch and of those before."""
        return sum(self.counts.values()) + sum(self.before.values())

    def refresh(self) -> None:
        """Bring the display up to date; cheap, and does nothing when called again too soon."""
        now = time.monotonic()
        interval = _LIVE_SECONDS if self._live is not None else _PLAIN_SECONDS
        if self.quiet or now - self._last_refresh < interval:
            return
        self._last_refresh = now
        running = read_heartbeats(self.heartbeats)
        if self._live is None:
            parts = [f"{escape(beat.title)} {_describe_step(beat)}" for beat in running] or ["nothing"]
            self.say(f"{self.num_done}/{self.num_trials} done; {self._describe_rate()}; running: {', '.join(parts)}")
        else:
            self._show(self._live, running)

    def _show(self, live: Progress, running: list[Heartbeat]) -> None:
        assert self._overall is not None, "set together with the live display"
        by_status = ", ".join(f"{number} {status}" for status, number in sorted(self.counts.items()))
        note = f"{self.num_done}/{self.num_trials}  {by_status}  {self._describe_rate()}"
        live.update(self._overall, completed=self.num_done, note=note)
        shown = {beat.unit_id: beat for beat in running[:_MAX_RUNNING_SHOWN]}
        for unit_id in self._rows.keys() - shown.keys():
            live.remove_task(self._rows.pop(unit_id))
        for unit_id, beat in shown.items():
            if unit_id not in self._rows:
                self._rows[unit_id] = live.add_task(escape(beat.title), total=None, note="")
            live.update(
                self._rows[unit_id],
                total=beat.num_steps or None,
                completed=beat.num_steps_taken,
                note=_describe_step(beat),
            )

    def _describe_rate(self) -> str:
        num_ended = sum(self.counts.values())
        if self._trials_began_at is None or num_ended == 0:
            return "time left not known yet"
        elapsed = time.monotonic() - self._trials_began_at
        left = elapsed / num_ended * max(0, self.num_trials - self.num_done)
        return f"{60 * num_ended / max(elapsed, 1e-9):.1f} trials/min, about {format_seconds(left)} left"


def format_seconds(seconds: float) -> str:
    """Write a duration for people: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _describe_step(beat: Heartbeat) -> str:
    if beat.num_steps == 0:
        return "starting"
    if beat.num_steps_taken >= beat.num_steps:
        return f"{beat.kind} trained, scoring"
    return f"{beat.kind} step {beat.num_steps_taken}/{beat.num_steps}"
