"""At most one process drives a sweep: a lock of the file system, or, where there are none, a lease that is renewed.

In: where the sweep lies. Out: a context in which no other process drives it. Clocks of machines are never compared: a
lease is alive when its observer sees it change. Two drivers would lose time and nothing else, since what is published
is named by its content and there whole or not at all.
"""

import fcntl
import json
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from results.errors import ResultsError
from results.storage import Storage, open_storage
from sweeps.units.machines import has_ended, name_machine
from xlt_core.errors import StoreError

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 4.0
"""Between two renewals of a lease."""

_LOCK = ".lock"
_LEASE = ".lease.json"
_PERIODS_UNTIL_SETTLED = 2
"""Who wrote a lease waits so long for one that was there before to be renewed over it."""
_PERIODS_UNTIL_DEAD = 3


class _NoLocksError(Exception):
    """The file system has no locks."""


@dataclass(frozen=True)
class _Holder:
    """What a lease says."""

    token: str
    host: str
    machine: str
    """Names this boot of this machine, and the space that its process ids are of."""
    pid: int
    num_renewals: int = 0

    @property
    def is_known_dead(self) -> bool:
        """Whether it was a process of this machine that has ended."""
        return has_ended(self.machine, self.pid)


@contextmanager
def only_one_driver(place: Storage | Path | str, *, period_seconds: float = PERIOD_SECONDS) -> Iterator[None]:
    """Keep all other drivers away from a sweep; ends with this process, however that ends.

    A process that had to let the lease go, since it was stopped or cut off for so long that another took over, is
    sent what Ctrl-C sends.

    Args:
        place: of the sweep; a folder must be there.
        period_seconds: between two renewals of a lease; must be the same for all.

    Raises:
        StoreError: another process drives this sweep.
        StorageError: the place cannot be written to.
    """
    storage = open_storage(place)
    try:
        lock = None if storage.local_folder is None else _lock_folder(storage.local_folder)
    except _NoLocksError:
        lock = None
    if lock is not None:
        with lock:
            yield
        return
    own = _take_lease(storage, period_seconds)
    ended = threading.Event()
    renewal = threading.Thread(target=_renew, args=(storage, own, ended, period_seconds), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        ended.set()
        renewal.join()
        with suppress(ResultsError):  # else it is dead three periods from now
            if (found := _read_lease(storage)) is not None and found.token == own.token:
                storage.remove(_LEASE)


def has_driver(place: Storage | Path | str, *, period_seconds: float = PERIOD_SECONDS) -> bool:
    """Whether a process, however far it is, drives the sweep; where there are no locks, that takes a few periods."""
    storage = open_storage(place)
    if storage.local_folder is not None:
        try:
            with (storage.local_folder / _LOCK).open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # never launched, or a file system without locks
            pass
    return _find_living(storage, period_seconds) is not None


def _lock_folder(folder: Path) -> TextIO:
    try:
        file = (folder / _LOCK).open("a+", encoding="utf-8")  # what its holder wrote has to stay
    except OSError as error:
        raise StoreError(f"{folder} cannot be written to ({error.strerror}); give another folder") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with file:
            file.seek(0)
            holder = file.read().strip()
        raise StoreError(_refusal(str(folder), holder or "another process")) from error
    except OSError as error:
        file.close()
        raise _NoLocksError from error
    with suppress(OSError):  # a courtesy to who is refused; a full disk is told of where it matters
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), f"process {os.getpid()} on {platform.node()}".encode())
    return file


def _take_lease(storage: Storage, period_seconds: float) -> _Holder:
    """Have the lease of a storage.

    Raises:
        StoreError: another process has it.
    """
    if (living := _find_living(storage, period_seconds)) is not None:
        raise StoreError(_refusal(storage.uri, _name(living)))
    own = _Holder(uuid4().hex, platform.node(), name_machine(), os.getpid())
    _write_lease(storage, own)
    time.sleep(_PERIODS_UNTIL_SETTLED * period_seconds)
    found = _read_lease(storage)
    if found is None or found.token != own.token:
        raise StoreError(_refusal(storage.uri, _name(found) if found else "another process"))
    return own


def _find_living(storage: Storage, period_seconds: float) -> _Holder | None:
    """Watch a lease until it changes, or so long that its holder must be dead; none: nobody has it."""
    first = _read_lease(storage)
    if first is None or first.is_known_dead:
        return None
    for _ in range(2 * _PERIODS_UNTIL_DEAD):
        time.sleep(period_seconds / 2)
        found = _read_lease(storage)
        if found is None:
            return None
        if found != first:
            return found
    return None


def _renew(storage: Storage, own: _Holder, ended: threading.Event, period_seconds: float) -> None:
    """Renew a lease until the end, over whatever a newcomer wrote; but yield to one who had time to settle."""
    renewed_at = _boot_seconds()
    while not ended.wait(period_seconds):
        own = replace(own, num_renewals=own.num_renewals + 1)
        try:
            found = _read_lease(storage)
            was_away = _boot_seconds() - renewed_at > _PERIODS_UNTIL_SETTLED * period_seconds
            if was_away and found is not None and found.token != own.token:
                logger.warning("%s", _refusal(storage.uri, f"meanwhile {_name(found)}"))
                os.kill(os.getpid(), signal.SIGINT)
                return
            _write_lease(storage, own)
        except ResultsError as error:  # cut off: goes on trying, and finds out who was there meanwhile
            logger.warning("the lease could not be renewed: %s", error)
        else:
            renewed_at = _boot_seconds()


def _read_lease(storage: Storage) -> _Holder | None:
    """Read who has the lease; none where nobody has it, or what is there is no lease."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        return _Holder(**json.loads(storage.read_bytes(_LEASE)))
    return None


def _write_lease(storage: Storage, holder: _Holder) -> None:
    storage.publish_bytes(_LEASE, json.dumps(asdict(holder)).encode())


def _refusal(where: str, who: str) -> str:
    return f"{where}: {who} is running this sweep; wait for it (`xlt sweep status {where}`) or stop it"


def _name(holder: _Holder) -> str:
    return f"process {holder.pid} on {holder.host}"


def _boot_seconds() -> float:
    """Seconds that also pass while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
