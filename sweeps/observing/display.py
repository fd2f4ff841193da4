"""What a person sees while a sweep runs: a live display in a terminal, plain lines elsewhere; always on stderr.

In: events from the driver, heartbeat files from the workers. Out: text, and the note that `xlt sweep watch` reads.
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from results.errors import ResultsError
from results.storage import Storage
from sweeps.observing.driver_note import DriverNote, write_driver_note
from sweeps.observing.extremes import Extremes
from sweeps.observing.heartbeats import Heartbeat, SilenceWatch, read_heartbeats
from sweeps.observing.metrics import SweepMetrics
from sweeps.observing.pace import Forecast, Pace, Taken
from sweeps.observing.phrases import (
    describe_arrays,
    describe_counts,
    describe_devices,
    describe_extremes,
    describe_forecast,
    describe_silence,
    describe_step,
)
from sweeps.observing.phrases import format_seconds as format_seconds
from sweeps.observing.uploading import UPLOAD_SECONDS

_PLAIN_SECONDS = 30.0
_LIVE_SECONDS = 0.5
_NOTE_SECONDS = 2.0
_EXTREMES_SECONDS = 30.0
_MAX_RUNNING_SHOWN = 16
_ALL_STEPS = ("ok", "degenerate")
"""Statuses of trials that took all their steps: what others took says nothing of a step's cost."""


@dataclass
class Display:
    """Counts what ends, shows what runs. A context manager; does nothing visible when `quiet`."""

    console: Console
    num_trials: int
    """Planned, all of them."""
    before: Mapping[str, int]
    """Trials by status that were finished before this launch and stay."""
    heartbeats: Path | Storage
    """Folder of the heartbeat files."""
    quiet: bool = False
    find_extremes: Callable[[], Extremes | None] = lambda: None
    """Looks for the best and the worst language; asked now and then."""
    scratch: Path | None = None
    """Where the note for `xlt sweep watch` is written; none: nowhere."""
    launch_id: str = ""
    stages_folder: str | None = None
    metrics: SweepMetrics | None = None
    """Counters for whoever collects Ray's."""
    pace: Pace = field(default_factory=Pace)
    counts: Counter[str] = field(default_factory=Counter)
    """Trials by status that ended in this launch."""
    _running: list[Heartbeat] = field(default_factory=list)
    _running_read_at: float = float("-inf")
    _silence: SilenceWatch = field(default_factory=SilenceWatch)
    _extremes: Extremes | None = None
    _extremes_at: float = float("-inf")
    _note_at: float = float("-inf")
    _num_notes: int = 0
    _last_refresh: float = 0.0
    _live: Progress | None = None
    _overall: TaskID | None = None
    _facts: TaskID | None = None
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
        """Print one line; a terminal that is gone, or a pipe that nobody reads, does not end the sweep."""
        if not self.quiet:
            with suppress(OSError, ValueError):
                self.console.print(text, highlight=False, soft_wrap=True)

    def expect(self, unit_id: str, kind: str, num_steps: int) -> None:
        """Hear of a stage or trial that is to be run; the time left is reckoned from these."""
        self.pace.plan(unit_id, kind, num_steps)

    def stage_ended(self, title: str, seconds: float, reason: str | None, unit_id: str = "") -> None:
        """Tell that a shared stage ended."""
        was_run = reason is None and seconds > 0  # not where another sweep has computed it
        self.pace.end(unit_id, seconds if was_run else None, is_trial=False)
        if self.metrics is not None:
            self.metrics.unit_ended("stage", "done" if reason is None else "failed")
        outcome = "done" if reason is None else f"[red]failed[/red]: {escape(reason)}"
        self.say(f"stage  {escape(title)}  {outcome}  {seconds:.1f} s")
        self.refresh()

    def trial_ended(
        self, title: str, status: str, seconds: float | None, reason: str | None, unit_id: str = ""
    ) -> None:
        """Count a trial and tell its outcome."""
        self.counts[status] += 1
        self.pace.end(unit_id, seconds if status in _ALL_STEPS else None)
        if self.metrics is not None:
            self.metrics.unit_ended("trial", status)
        colour = "green" if status == "ok" else "yellow" if status in ("degenerate", "stopped_early") else "red"
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
        interval = _PLAIN_SECONDS if self._live is None else _LIVE_SECONDS
        is_due = not self.quiet and now - self._last_refresh >= interval
        is_note_due = self.scratch is not None and now - self._note_at >= _NOTE_SECONDS
        if not is_due and not is_note_due:
            return
        running = self._read_running(now)
        forecast = self.pace.forecast(
            {
                beat.unit_id: Taken(
                    num_steps=beat.num_steps_taken, worker=(beat.host, beat.pid), has_stopped=beat.has_stopped
                )
                for beat in running
            }
        )
        if self.metrics is not None:
            self.metrics.now(num_running=len(running), num_pending=self.num_trials - self.num_done)
        if is_note_due:
            self._note_at = now
            self._write_note(forecast)
        if is_due:
            self._last_refresh = now
            if now - self._extremes_at >= _EXTREMES_SECONDS:
                self._extremes, self._extremes_at = self.find_extremes(), now
            if self._live is None:
                self._print_line(running, forecast)
            else:
                self._show(self._live, running, forecast)

    def _read_running(self, now: float) -> list[Heartbeat]:
        """What runs: from a bucket seldom, and as it was before where that cannot be read."""
        is_remote = isinstance(self.heartbeats, Storage) and self.heartbeats.local_folder is None
        if not is_remote or now - self._running_read_at >= UPLOAD_SECONDS:
            self._running_read_at = now
            with suppress(ResultsError):
                self._running = read_heartbeats(self.heartbeats)
        return self._running

    def _write_note(self, forecast: Forecast) -> None:
        assert self.scratch is not None, "asked before"
        self._num_notes += 1
        note = DriverNote(
            num_trials=self.num_trials,
            counts=dict(self.counts + Counter(self.before)),
            launch_id=self.launch_id,
            stages_folder=self.stages_folder,
            trials_per_minute=forecast.trials_per_minute,
            seconds_left=forecast.seconds_left,
            num_writes=self._num_notes,
        )
        write_driver_note(self.scratch, note)

    def _print_line(self, running: list[Heartbeat], forecast: Forecast) -> None:
        silence = self._silence.listen(running)
        alike = _group_alike(running)
        parts = [_name(group) + _describe(group[0], silence) for group in alike[:_MAX_RUNNING_SHOWN]] or ["nothing"]
        num_more = sum(map(len, alike[_MAX_RUNNING_SHOWN:]))
        more = f" and {num_more} more" if num_more else ""
        facts = [f"{self.num_done}/{self.num_trials} done", describe_forecast(forecast), *self._list_facts(running)]
        self.say(escape(f"{'; '.join(facts)}; running: {', '.join(parts)}{more}"))

    def _list_facts(self, running: list[Heartbeat]) -> list[str]:
        languages = [describe_extremes(self._extremes)] if self._extremes is not None else []
        return languages + describe_arrays(running) + describe_devices(running)

    def _show(self, live: Progress, running: list[Heartbeat], forecast: Forecast) -> None:
        assert self._overall is not None, "set together with the live display"
        counts = describe_counts(self.counts + Counter(self.before))
        note = f"{self.num_done}/{self.num_trials}  {counts}  {describe_forecast(forecast)}"
        live.update(self._overall, total=self.num_trials, completed=self.num_done, note=note)
        shown = {beat.unit_id: beat for beat in running[:_MAX_RUNNING_SHOWN]}
        silence = self._silence.listen(running)
        for unit_id in self._rows.keys() - shown.keys():
            live.remove_task(self._rows.pop(unit_id))
        for unit_id, beat in shown.items():
            if unit_id not in self._rows:
                self._rows[unit_id] = live.add_task(escape(beat.title), total=None, note="")
            live.update(
                self._rows[unit_id],
                total=beat.num_steps or None,
                completed=beat.num_steps_taken,
                note=escape(_describe(beat, silence)),
            )
        self._show_facts(live, "; ".join(self._list_facts(running)))

    def _show_facts(self, live: Progress, facts: str) -> None:
        """One line below the others, only while there is something to say."""
        if self._facts is not None:
            live.remove_task(self._facts)
            self._facts = None
        if facts:
            self._facts = live.add_task("so far", total=None, note=escape(facts))


def _describe(beat: Heartbeat, silence: Mapping[str, float | None]) -> str:
    return ", ".join(filter(None, (describe_step(beat), describe_silence(silence[beat.unit_id]))))


def _group_alike(running: Iterable[Heartbeat]) -> list[list[Heartbeat]]:
    """Those of one process that are at the same, which one line need not name one by one."""
    groups: dict[Hashable, list[Heartbeat]] = {}
    for beat in running:
        groups.setdefault((beat.host, beat.pid, beat.kind, beat.doing), []).append(beat)
    return list(groups.values())


def _name(group: Sequence[Heartbeat]) -> str:
    return f"{group[0].title} {f'and {len(group) - 1} more with it ' if len(group) > 1 else ''}"
