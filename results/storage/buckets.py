"""A sweep under a prefix of a bucket: Amazon S3 and what speaks its protocol, Google Cloud Storage.

In: bucket and prefix; credentials come from the environment as the services' own tools take them, never from the URI.
Out: a `Storage`. An object that was put is there whole or not at all.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import parse_qsl, urlencode

import pyarrow as pa
from pyarrow.fs import (
    AwsStandardS3RetryStrategy,
    FileInfo,
    FileSelector,
    FileSystem,
    FileType,
    GcsFileSystem,
    S3FileSystem,
    resolve_s3_region,
)

from results.errors import StorageError
from results.retries import retry
from results.storage.base import Entry, Storage
from results.storage.refusals import explain_refusal, may_pass

Result = TypeVar("Result")

_OPTIONS = ("endpoint_override", "region", "scheme", "anonymous")
_NUM_READERS = 32
_BYTES_AT_A_TIME = 8 << 20
_CONNECT_SECONDS = 10.0
_GCS_RETRY_SECONDS = 10
_REGION_WHERE_NONE_MATTERS = "us-east-1"


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
        shown = [info for info in self._list(folder, recursive=False) if not info.base_name.startswith(".")]
        return sorted(info.path.removeprefix(f"{self.root}/") for info in shown if info.type == FileType.Directory)

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
        with suppress(FileNotFoundError):
            self._attempt(lambda: self.bucket_filesystem.get_file_info(FileSelector(self.root)), pauses_seconds=())

    def _list(self, folder: str, recursive: bool) -> list[FileInfo]:
        selector = FileSelector(self.path_of(folder), recursive=recursive)
        try:
            return self._attempt(lambda: self.bucket_filesystem.get_file_info(selector))
        except FileNotFoundError:  # `allow_not_found` would also pass over a bucket that is missing
            return []

    def _attempt(self, action: Callable[[], Result], **pauses: tuple[float, ...]) -> Result:
        return retry(action, explain=lambda error: explain_refusal(self.uri, error), may_pass=may_pass, **pauses)


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
    connect = _connect_s3 if scheme == "s3" else _connect_gcs
    root = "/".join([bucket, *(part for part in prefix.split("/") if part)])
    try:
        filesystem = connect(bucket, options)
    except (OSError, ValueError) as error:
        raise explain_refusal(uri, error) from error
    storage = BucketStorage(scheme, root, urlencode(options, safe=":/"), filesystem)
    storage.check()
    return storage


def _connect_s3(bucket: str, options: dict[str, str]) -> S3FileSystem:
    endpoint = (
        options.get("endpoint_override")
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None
    )
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        region = _REGION_WHERE_NONE_MATTERS if endpoint else resolve_s3_region(bucket)
    return S3FileSystem(
        anonymous=options.get("anonymous") == "true",
        region=region,
        endpoint_override=endpoint,
        scheme=options.get("scheme", "https"),
        connect_timeout=_CONNECT_SECONDS,
        allow_delayed_open=True,  # a small object is one request
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
    )


def _connect_gcs(_bucket: str, options: dict[str, str]) -> GcsFileSystem:
    endpoint = options.get("endpoint_override") or os.environ.get("STORAGE_EMULATOR_HOST") or None
    scheme = options.get("scheme", "https")
    if endpoint is not None and "://" in endpoint:
        scheme, _, endpoint = endpoint.partition("://")
    return GcsFileSystem(
        anonymous=options.get("anonymous") == "true",
        endpoint_override=endpoint,
        scheme=scheme,
        retry_time_limit=timedelta(seconds=_GCS_RETRY_SECONDS),
    )
