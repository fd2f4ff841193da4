"""How a sweep stands, seen from outside: by another terminal, another machine, or after the driver is gone. Reads only.

In: the storage of a sweep. Out: an `Observation`.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from results.errors import ResultsError
from results.schema import PENDING
from results.storage import Entry, Storage
from results.store import ResultStore
from sweeps.observing.driver_note import NOTE_FILE, DriverNote, parse_driver_note
from sweeps.observing.extremes import Extremes, find_extremes
from sweeps.observing.heartbeats import PROGRESS_FOLDER, Heartbeat, is_here, read_heartbeats
from sweeps.observing.pace import Forecast
from sweeps.units.job import SCRATCH
from sweeps.units.lock import has_driver


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One look."""

    name: str
    place: str
    """The sweep's folder or URI, for messages and commands."""
    counts: Mapping[str, int]
    """Planned trials by status, `pending` among them."""
    has_driver: bool
    driver: DriverNote | None
    """Of the launch that runs now, or else of the last one; none: it left none."""
    running: tuple[Heartbeat, ...]
    extremes: Extremes | None

    @property
    def num_trials(self) -> int:
        """Planned."""
        return sum(self.counts.values())

    @property
    def num_pending(self) -> int:
        """Planned and not finished."""
        return self.counts.get(PENDING, 0)

    @property
    def forecast(self) -> Forecast:
        """As the driver reckons; nothing is known where none is at work."""
        if self.driver is None or not self.has_driver:
            return Forecast(trials_per_minute=None, seconds_left=None)
        return Forecast(trials_per_minute=self.driver.trials_per_minute, seconds_left=self.driver.seconds_left)


class Observer:
    """Looks at one sweep again and again; keeps what is costly to read and has not changed."""

    def __init__(self, place: Path | str) -> None:
        """Open the sweep.

        Raises:
            ResultsError: there is none, or it cannot be read.
        """
        self.store = ResultStore.open(place)
        self._place = str(place)
        self._counted: tuple[Entry, ...] | None = None
        """Files of the last count, with their versions."""
        self._counts: Counter[str] = Counter()
        self._extremes: Extremes | None = None

    @property
    def storage(self) -> Storage:
        """Of the sweep."""
        return self.store.storage

    def look(self) -> Observation:
        """Look once.

        Raises:
            ResultsError: it cannot be read any more.
        """
        is_driven = has_driver(self.storage)
        self._count()
        return Observation(
            name=str(self.store.sweep["name"]),
            place=self._place,
            counts=dict(sorted(self._counts.items())),
            has_driver=is_driven,
            driver=self._read_note(),
            running=tuple(self._list_running(is_driven)),
            extremes=self._extremes,
        )

    def _count(self) -> None:
        """Count statuses and look for both ends of the languages, unless all files are those of the last time."""
        seen = tuple(entry for folder in ("plan", "trials") for entry in self.storage.list_entries(folder, ".parquet"))
        if seen == self._counted:
            return
        finished = self.store.finished()
        planned = self.store.plan()["trial_id"].to_pylist()
        self._counts = Counter(finished.get(trial_id, PENDING) for trial_id in planned)
        self._extremes = find_extremes(self.storage)
        self._counted = seen

    def _read_note(self) -> DriverNote | None:
        with suppress(FileNotFoundError, ResultsError):  # a courtesy of the driver's
            return parse_driver_note(self.storage.read_bytes(f"{SCRATCH}/{NOTE_FILE}"))
        return None

    def _list_running(self, is_driven: bool) -> list[Heartbeat]:
        """What runs; without a driver, only what is known to live: workers of other machines have died with it."""
        beats = read_heartbeats(self.storage.below(f"{SCRATCH}/{PROGRESS_FOLDER}"))
        return [beat for beat in beats if is_driven or is_here(beat)]
