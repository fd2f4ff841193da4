"""Where a sweep lies: a folder, or a prefix in a bucket (s3://, gs://), behind one interface.

In: a path or a URI. Out: a `Storage`.
"""

import re
from pathlib import Path

from results.errors import StorageError
from results.storage.base import Entry, Storage
from results.storage.local import LocalStorage

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+")
"""Two letters at least; one slash is enough, since `pathlib.Path` makes one of two."""

__all__ = ["Entry", "LocalStorage", "Storage", "is_remote", "open_storage"]

REMOTE_SCHEMES = ("s3", "gs")


def open_storage(place: Path | str | Storage) -> Storage:
    """Open the folder or bucket that `place` names; nothing is made.

    Args:
        place: a path, `file://PATH`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`; a storage is given back as it is.

    Raises:
        StorageError: another scheme; a file; a bucket that cannot be reached or looked into.
    """
    if isinstance(place, Storage):
        return place
    match = _SCHEME.match(str(place))
    if match is None:
        return _open_folder(Path(place))
    scheme, rest = match[1].lower(), str(place)[match.end() :]
    if scheme == "file":
        return _open_folder(Path("/", rest))
    if scheme not in REMOTE_SCHEMES:
        known = " or ".join(f"{one}://BUCKET/PREFIX" for one in REMOTE_SCHEMES)
        raise StorageError(f"'{place}': cannot store anything at {match[1]}://; give the path of a folder, {known}")
    from results.storage.buckets import open_bucket  # the cloud's libraries take a while to load

    return open_bucket(scheme, rest)


def is_remote(place: Path | str) -> bool:
    """Whether a place is a bucket, no folder; without opening it."""
    match = _SCHEME.match(str(place))
    return match is not None and match[1].lower() in REMOTE_SCHEMES


def _open_folder(folder: Path) -> LocalStorage:
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file; give a folder: of a sweep, or to begin one, empty or not there yet")
    return LocalStorage(folder)
