"""Claims on stages that several sweeps share: whoever holds the claim computes, all others wait without a device.

A claim is a file beside the stage, made by one writer alone and renewed while its holder lives. Nobody compares clocks:
a claim is dead when its process is gone from this machine, or when nobody saw it change for a while. Two that compute
one stage all the same lose time and nothing else: artifacts are equal and published whole.
"""

import errno
import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

from sweeps.units.machines import has_ended, name_machine

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
"""What file systems without hard links say (exFAT, SMB, buckets that are mounted)."""

RENEW_SECONDS = 2.0
DEAD_AFTER_SECONDS = 30.0
"""A claim of another machine that did not change for so long, as its observer's clock goes, is of the dead."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who computes a stage."""

    token: str
    launch_id: str
    host: str
    pid: int
    machine: str = ""
    """See `sweeps.units.machines.name_machine`."""
    num_renewals: int = 0


UNREADABLE = Claim(token="", launch_id="", host="unknown", pid=0)
"""Stands for a claim that is being written, or that its writer was killed in: there is one, and no more is known."""


def claim_path(stages: Path, key: str) -> Path:
    """Where a stage's claim is."""
    return stages / f"{key}.claim"


@contextmanager
def claimed(path: Path, launch_id: str, *, dead: Claim | None = None) -> Iterator[bool]:
    """Hold a claim while the context lasts; gives whether it could be had.

    Args:
        path: of the claim.
        launch_id: a claim of the same launch is one of a worker that it has lost.
        dead: what an observer found unchanged for too long; it may be taken over.
    """
    own = Claim(token=uuid4().hex, launch_id=launch_id, host=platform.node(), pid=os.getpid(), machine=name_machine())
    if not _acquire(path, own, dead):
        yield False
        return
    ended = threading.Event()
    renewal = threading.Thread(target=_renew, args=(path, own, ended), daemon=True)
    renewal.start()
    try:
        yield True
    finally:
        ended.set()
        renewal.join()
        found = read_claim(path)
        if found is not None and found.token == own.token:
            path.unlink(missing_ok=True)


def remove_claims(stages: Path) -> None:
    """Remove all claims, and what was left of making them; for who knows that nobody computes in this folder."""
    for pattern in ("*.claim", ".*.claim-*"):
        for path in stages.glob(pattern):
            path.unlink(missing_ok=True)


def read_claim(path: Path) -> Claim | None:
    """Read who holds a claim, perhaps `UNREADABLE`; none where nobody does."""
    try:
        return Claim(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return UNREADABLE


class ClaimWatch:
    """Watches claims of others from one process and says which of them are alive."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[Claim, float]] = {}

    def find_holder(self, path: Path) -> Claim | None:
        """Give who computes a stage, as far as that can be known; none: nobody who is alive."""
        claim = read_claim(path)
        if claim is None or has_ended(claim.machine, claim.pid):
            self._seen.pop(path, None)
            return None
        now = time.monotonic()
        if path not in self._seen or self._seen[path][0] != claim:
            self._seen[path] = (claim, now)
        if now - self._seen[path][1] >= DEAD_AFTER_SECONDS:
            return None
        return claim

    def find_dead(self, path: Path) -> Claim | None:
        """Give the claim of one who is dead; none where there is no claim."""
        return read_claim(path) if self.find_holder(path) is None else None


def _acquire(path: Path, own: Claim, dead: Claim | None) -> bool:
    if _create(path, own):
        return True
    found = read_claim(path)
    is_lost = found is not None and (
        found.launch_id == own.launch_id or has_ended(found.machine, found.pid) or (dead is not None and found == dead)
    )
    if not is_lost:
        return False
    assert found is not None, "checked above"
    taken = path.with_name(f".{path.name}-{own.token[:12]}")
    with suppress(FileNotFoundError):
        path.rename(taken)  # of several that see the dead claim only one succeeds
        removed = read_claim(taken)
        taken.unlink()
        if removed is not None and removed.token != found.token:  # another was faster, and this was already its claim
            _create(path, removed)
            return False
    return _create(path, own)


def _create(path: Path, claim: Claim) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{claim.token[:12]}-{uuid4().hex[:6]}")
    try:
        temporary.write_text(json.dumps(asdict(claim)), encoding="utf-8")
        try:
            os.link(temporary, path)  # whole at once, and only where there is none
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with path.open("x", encoding="utf-8") as file:  # only where there is none, but not whole at once
                file.write(json.dumps(asdict(claim)))
    except FileExistsError:
        found = read_claim(path)  # over a network, what was done may be asked for again
        return found is not None and found.token == claim.token
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _renew(path: Path, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(RENEW_SECONDS):
        found = read_claim(path)
        if found == UNREADABLE:
            continue
        if found is None or found.token != claim.token:
            return  # taken over: this process was thought dead
        claim = replace(claim, num_renewals=claim.num_renewals + 1)
        temporary = path.with_name(f".{path.name}-{claim.token[:12]}-renewal")
        with suppress(OSError):
            temporary.write_text(json.dumps(asdict(claim)), encoding="utf-8")
            temporary.replace(path)
