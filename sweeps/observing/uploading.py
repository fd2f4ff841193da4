"""Brings logs, heartbeats and the driver's note to a sweep on remote storage while work goes on, for those who watch.

In: files of this machine that others write. Out: the same under the same names on the storage, some seconds later.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from results.errors import ResultsError
from results.storage import Storage, open_storage
from sweeps.units.job import Place

logger = logging.getLogger(__name__)

UPLOAD_SECONDS = 10.0


@contextmanager
def uploading(
    place: Place, names: Sequence[str], *, logs: Sequence[str] = (), every_seconds: float = UPLOAD_SECONDS
) -> Iterator[None]:
    """Keep files up to date on the storage while the context lasts; nothing where the sweep is in a folder.

    A file that is removed here is removed there. Nothing fails for it: what is lost is a courtesy.

    Args:
        place: of the launch.
        names: of files, relative to the sweep; need not be there yet.
        logs: likewise; what is longer there is fetched first, since a log holds the attempts of all machines.
        every_seconds: between two looks at them.
    """
    if not place.is_remote:
        yield
        return
    courier = _Courier(open_storage(place.folder), place.work_folder, [*names, *logs])
    courier.fetch(logs)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(every_seconds):
            courier.push()

    thread = threading.Thread(target=work, name="uploading", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        courier.push()


class _Courier:
    """Knows what of the files was brought."""

    def __init__(self, storage: Storage, root: Path, names: Sequence[str]) -> None:
        self._storage = storage
        self._root = root
        self._pushed: dict[str, bytes | None] = dict.fromkeys(names)

    def fetch(self, names: Sequence[str]) -> None:
        """Take what is longer there than here."""
        for name in names:
            with suppress(FileNotFoundError, OSError, ResultsError):
                content = self._storage.read_bytes(name)
                path = self._root / name
                if not path.exists() or path.stat().st_size < len(content):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)

    def push(self) -> None:
        """Bring what has changed since the last time."""
        for name, before in self._pushed.items():
            try:
                content = self._read(name)
                if content is None and before is not None:
                    self._storage.remove(name)
                elif content is not None and content != before:
                    self._storage.publish_bytes(name, content)
                self._pushed[name] = content
            except (OSError, ResultsError) as error:
                logger.debug("%s was not brought to %s: %s", name, self._storage.uri, error)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
