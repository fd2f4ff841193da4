"""Local files that are there whole or not at all.

A file is written under a temporary name in its own folder, synced, and renamed. Readers look at final names only.
"""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar
from uuid import uuid4

import pyarrow as pa

from results.errors import DiskFullError, StorageError
from results.retries import retry

Result = TypeVar("Result")

_TEMPORARY_PREFIX = ".unfinished-"
_STALE_AFTER_SECONDS = 3600.0
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_MAY_PASS = {errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.EREMOTEIO}
"""What a network file system says while its server is away."""


def publish_bytes(content: bytes | pa.Buffer, path: Path) -> None:
    """Write `content` under a temporary name, sync it, rename it to `path`, sync the folder.

    Raises:
        DiskFullError: no room; `path` is as it was before.
        StorageError: the folder cannot be written to.
    """
    attempt_locally(lambda: _publish(path, lambda file: file.write(content)), path, "written")


def publish_copy(source: Path, path: Path) -> None:
    """Copy a file, which may be large, as `publish_bytes` writes one. Raises as `publish_bytes`."""

    def copy(file: BinaryIO) -> None:
        with source.open("rb") as original:
            shutil.copyfileobj(original, file)

    attempt_locally(lambda: _publish(path, copy), path, "written")


def remove_file(path: Path) -> None:
    """Remove a published file for good, if it is there."""
    with suppress(FileNotFoundError):
        attempt_locally(path.unlink, path, "removed")
        _sync_folder(path.parent)


def move_file(path: Path, target: Path) -> None:
    """Give a published file another name for good, in the place of what has that name; nothing where it is missing."""
    if not path.is_file():
        return

    def move() -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)

    attempt_locally(move, path, "moved")
    _sync_folder(target.parent)
    _sync_folder(path.parent)


def published_files(folder: Path | str, suffix: str = "", *, recursive: bool = False) -> Iterator[os.DirEntry[str]]:
    """Final names in a folder, in no order; no folder, no files."""
    with suppress(FileNotFoundError, NotADirectoryError):
        with os.scandir(folder) as entries:
            shown = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in shown:
            if entry.is_file():
                if entry.name.endswith(suffix):
                    yield entry
            elif recursive:
                yield from published_files(entry.path, suffix, recursive=True)


def remove_temporaries(folder: Path, *, at_any_age: bool = False) -> int:
    """Remove what killed writers left in `folder` more than an hour ago, or ever; give the number of files."""
    num_removed = 0
    for path in folder.glob(f"{_TEMPORARY_PREFIX}*"):
        with suppress(FileNotFoundError):  # another process may be cleaning too
            if at_any_age or time.time() - path.stat().st_mtime > _STALE_AFTER_SECONDS:
                path.unlink()
                num_removed += 1
    return num_removed


def attempt_locally(action: Callable[[], Result], path: Path, done: str) -> Result:
    """Do something with a local file; a few times where the error is one of a server that is away for a moment.

    Args:
        action: may be done again after it failed half way.
        path: of the file.
        done: what was to be done with it: `read`, `written`, ...

    Raises:
        FileNotFoundError: as it comes.
        DiskFullError: no room.
        StorageError: any other error of the system.
    """

    def explain(error: OSError) -> DiskFullError | StorageError:
        return _explain(error, path, done)

    return retry(action, explain=explain, may_pass=lambda error: error.errno in _MAY_PASS)


def _explain(error: OSError, path: Path, done: str) -> DiskFullError | StorageError:
    if error.errno in _NO_ROOM:
        return DiskFullError(
            f"{path}: no room left on the disk; what was published before is whole. "
            "Free some space, then continue with `xlt sweep resume`"
        )
    advice = {
        errno.EROFS: "the file system is read-only; give a folder of one that can be written to, or mount it anew",
        errno.EACCES: "give yourself the right to read and write there (see `ls -ld`), or give another folder",
        errno.EPERM: "give yourself the right to read and write there (see `ls -ld`), or give another folder",
        errno.ENOTDIR: "there is a file in the way; give another folder",
        errno.EEXIST: "there is a file in the way; give another folder",
    }.get(error.errno or 0, "look after the disk or the server behind it, then continue with `xlt sweep resume`")
    return StorageError(f"{path} cannot be {done} ({error.strerror or error}): {advice}")


def _publish(path: Path, write: Callable[[BinaryIO], object]) -> None:
    temporary = path.with_name(f"{_TEMPORARY_PREFIX}{uuid4().hex[:12]}-{path.name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut (POSIX: the folder is a file of its own)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
