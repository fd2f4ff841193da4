"""A sweep under a prefix of a bucket: Amazon S3 and what speaks its protocol, Google Cloud Storage.

In: bucket and prefix; credentials come from the environment as the services' own tools take them, never from the URI.
Out: a `Storage`. An object that was put is there whole or not at all.
"""

import errno
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import parse_qsl, urlencode

import pyarrow as pa
from pyarrow.fs import (
    FileInfo,
    FileSelector,
    FileSystem,
    FileType,
)

from results.errors import StorageError
from results.retries import retry
from results.storage.base import Entry, Storage
from results.storage.refusals import explain_refusal, is_missing_file, may_pass
from results.storage.services import connect_gcs, connect_s3

Result = TypeVar("Result")

_OPTIONS = ("endpoint_override", "region", "scheme", "anonymous")
_NUM_READERS = 32
_BYTES_AT_A_TIME = 8 << 20


@dataclass(frozen=True)
class BucketStorage(Storage):
    """Objects under `root` (bucket and prefix)."""

    scheme: str
    root: str
    options: str
    """What stands behind `?` in the URI, or nothing."""
    bucket_filesystem: FileSystem

    @property
    def uri(self) -> str:
        """With the options, so that another machine opens the same."""
        return f"{self.scheme}://{self.root}" + (f"?{self.options}" if self.options else "")

    @property
    def filesystem(self) -> FileSystem:
        """The service's."""
        return self.bucket_filesystem

    @property
    def num_readers(self) -> int:
        """Answers take long and come side by side."""
        return _NUM_READERS

    def below(self, folder: str) -> Self:
        """Give the storage of a prefix in this one."""
        return replace(self, root=self.path_of(folder))

    def path_of(self, name: str) -> str:
        """Bucket, prefix and name."""
        return f"{self.root}/{name}" if name else self.root

    def locate(self, name: str) -> str:
        """URI of the object, without options."""
        return f"{self.scheme}://{self.path_of(name)}"

    def prepare(self) -> None:
        """Nothing is to be made: a prefix is there when an object is."""

    def read_bytes(self, name: str) -> bytes:
        """Read an object whole."""

        def read() -> bytes:
            with self.bucket_filesystem.open_input_stream(self.path_of(name)) as stream:
                return bytes(stream.read())

        return self._attempt(read)

    def read_end(self, name: str, num_bytes: int) -> bytes:
        """Read the last bytes of an object."""

        def read() -> bytes:
            with self.bucket_filesystem.open_input_file(self.path_of(name)) as file:
                file.seek(max(0, file.size() - num_bytes))
                return bytes(file.read())

        return self._attempt(read)

    def publish_bytes(self, name: str, content: bytes | pa.Buffer) -> None:
        """Put an object: readers see the old one until the new one is there."""

        def write() -> None:
            with self.bucket_filesystem.open_output_stream(self.path_of(name)) as stream:
                stream.write(content)

        self._attempt(write)

    def list_entries(self, folder: str = "", suffix: str = "", *, recursive: bool = False) -> list[Entry]:
        """List the objects under a prefix by name; none, where there is no such prefix."""
        entries = [
            Entry(info.path.removeprefix(f"{self.root}/"), info.size, info.mtime_ns or 0)
            for info in self._list(folder, recursive)
            if info.type == FileType.File and info.base_name.endswith(suffix) and not info.base_name.startswith(".")
        ]
        return sorted(entries, key=lambda entry: entry.name)

    def list_folders(self, folder: str = "") -> list[str]:
        """List the prefixes below a prefix by name, those of empty markers among them."""
        start = f"{folder}/" if folder else ""
        if self.scheme == "gs":  # whose listings have no prefixes
            below = [entry.name.removeprefix(start).split("/") for entry in self.list_entries(folder, recursive=True)]
            names = {parts[0] for parts in below if len(parts) > 1}
        else:
            found = self._list(folder, recursive=False)
            names = {info.base_name for info in found if info.type == FileType.Directory}
        return sorted(start + name for name in names if not name.startswith("."))

    def exists(self, name: str) -> bool:
        """Whether the object is there."""
        info = self._attempt(lambda: self.bucket_filesystem.get_file_info(self.path_of(name)))
        return bool(info.type == FileType.File)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        if self.exists(name):
            self._attempt(lambda: self.bucket_filesystem.delete_file(self.path_of(name)))

    def remove_folder(self, folder: str) -> None:
        """Remove all objects under a prefix, those with a point before their name, too."""
        path = self.path_of(folder)
        self._attempt(lambda: self.bucket_filesystem.delete_dir_contents(path, missing_dir_ok=True))

    def move(self, name: str, new_name: str) -> None:
        """Copy an object, then remove it."""
        if self.exists(name):
            source, target = self.path_of(name), self.path_of(new_name)
            self._attempt(lambda: self.bucket_filesystem.copy_file(source, target))
            self.remove(name)

    def upload(self, path: Path, name: str) -> None:
        """Put a file of this machine."""

        def copy() -> None:
            with path.open("rb") as source, self.bucket_filesystem.open_output_stream(self.path_of(name)) as stream:
                while content := source.read(_BYTES_AT_A_TIME):
                    stream.write(content)

        self._attempt(copy)

    def download(self, name: str, path: Path) -> None:
        """Get an object."""

        def copy() -> None:
            with self.bucket_filesystem.open_input_stream(self.path_of(name)) as stream, path.open("wb") as target:
                while content := stream.read(_BYTES_AT_A_TIME):
                    target.write(content)

        self._attempt(copy)

    def clear_unfinished(self, folders: Sequence[str], *, at_any_age: bool = False) -> None:
        """Nothing is left: parts of an object that were never put together are the service's to clear away."""

    def check(self) -> None:
        """Look once whether the bucket is there and may be looked into; nothing is tried again.

        Raises:
            StorageError: it is not, or may not.
        """
        bucket = self.root.partition("/")[0]
        if self.scheme == "gs":  # where a listing is empty whether or not there is a bucket
            info = self._attempt(lambda: self.bucket_filesystem.get_file_info(bucket), pauses_seconds=())
            if info.type == FileType.NotFound:
                raise explain_refusal(self.uri, FileNotFoundError(f"NoSuchBucket {bucket}"))
        with suppress(FileNotFoundError):
            self._attempt(lambda: self.bucket_filesystem.get_file_info(FileSelector(self.root)), pauses_seconds=())

    def _list(self, folder: str, recursive: bool) -> list[FileInfo]:
        selector = FileSelector(self.path_of(folder), recursive=recursive)
        try:
            return self._attempt(lambda: self.bucket_filesystem.get_file_info(selector))
        except FileNotFoundError:  # `allow_not_found` would also pass over a bucket that is missing
            return []

    def _attempt(self, action: Callable[[], Result], **pauses: tuple[float, ...]) -> Result:
        def act() -> Result:
            try:
                return action()
            except OSError as error:
                if error.errno is None and is_missing_file(error):
                    raise FileNotFoundError(errno.ENOENT, str(error)) from error
                raise

        return retry(act, explain=lambda error: explain_refusal(self.uri, error), may_pass=may_pass, **pauses)


def open_bucket(scheme: str, rest: str) -> BucketStorage:
    """Open `BUCKET/PREFIX?OPTIONS` of a service, and look whether it answers.

    Args:
        scheme: `s3` or `gs`.
        rest: what stands behind `://`. Options: `endpoint_override` (host and port, or a URL) of a service other than
            the company's own, `scheme=http`, `region` (S3), `anonymous=true` for a bucket that everybody may read.

    Raises:
        StorageError: no such bucket, no permission, no answer, or options that do not exist.
    """
    uri = f"{scheme}://{rest}"
    path, _, query = rest.partition("?")
    bucket, _, prefix = path.partition("/")
    options = dict(parse_qsl(query))
    if unknown := sorted(options.keys() - set(_OPTIONS)):
        raise StorageError(f"{uri}: unknown option '{unknown[0]}'; the options are {', '.join(_OPTIONS)}")
    if "@" in bucket:
        raise StorageError(
            f"{scheme}://...@{bucket.partition('@')[2]}: credentials do not belong into a URI, which is written into "
            "files and logs; give them as the environment variables that the service's own tools read"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", bucket):
        raise StorageError(f"{uri}: '{bucket}' is no name of a bucket; give {scheme}://BUCKET/PREFIX")
    root = "/".join([bucket, *(part for part in prefix.split("/") if part)])
    try:
        filesystem = connect_s3(bucket, options) if scheme == "s3" else connect_gcs(options)
    except (OSError, ValueError) as error:
        raise explain_refusal(uri, error) from error
    storage = BucketStorage(scheme, root, urlencode(options, safe=":/"), filesystem)
    storage.check()
    return storage
