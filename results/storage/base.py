"""What every storage can do, whatever it is behind.

In: names relative to the sweep's folder, such as `trials/<trial_id>.parquet`. Out: bytes that are there whole or not
at all. Names that begin with a point are nobody's business: temporary files, locks.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import pyarrow as pa
from pyarrow.fs import FileSystem


class Entry(NamedTuple):
    """A file as a listing shows it. A tuple: ten thousands of them are made and compared at every look."""

    name: str
    """Relative to the storage."""
    num_bytes: int
    modified_ns: int
    """By the clock of whoever keeps the files; only good for telling one version of a file from another."""


class Storage(ABC):
    """Files under one folder or prefix. Failures are `StorageError` and `DiskFullError`, but for missing files."""

    @property
    @abstractmethod
    def uri(self) -> str:
        """What `open_storage` takes to open it again; stands in messages."""

    @property
    @abstractmethod
    def filesystem(self) -> FileSystem:
        """For `pyarrow.dataset`, together with `path_of`."""

    @property
    def local_folder(self) -> Path | None:
        """The folder, where it is one of this machine (or mounted on it)."""
        return None

    @property
    def num_readers(self) -> int:
        """So many files are best read at one time."""
        return 1

    @abstractmethod
    def below(self, folder: str) -> Self:
        """Give the storage of a folder in this one."""

    @abstractmethod
    def path_of(self, name: str) -> str:
        """Path of a file in `filesystem`."""

    @abstractmethod
    def locate(self, name: str) -> str:
        """Give the path or URI of a file, for a person."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder if it is not there."""

    @abstractmethod
    def read_bytes(self, name: str) -> bytes:
        """Read a file whole.

        Raises:
            FileNotFoundError: it is not there.
        """

    @abstractmethod
    def read_end(self, name: str, num_bytes: int) -> bytes:
        """Read the last bytes of a file, all of a shorter one.

        Raises:
            FileNotFoundError: it is not there.
        """

    @abstractmethod
    def publish_bytes(self, name: str, content: bytes | pa.Buffer) -> None:
        """Put `content` under `name`, whole or not at all, in the place of what was there.

        Raises:
            DiskFullError: no room; what was there still is.
        """

    @abstractmethod
    def list_entries(self, folder: str = "", suffix: str = "", *, recursive: bool = False) -> list[Entry]:
        """List the files in a folder by name; no folder, no files."""

    @abstractmethod
    def list_folders(self, folder: str = "") -> list[str]:
        """List the folders in a folder by name, relative to the storage; no folder, no folders."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether the file is there."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file for good, if it is there."""

    @abstractmethod
    def remove_folder(self, folder: str) -> None:
        """Remove all that is in a folder, if it is there."""

    @abstractmethod
    def move(self, name: str, new_name: str) -> None:
        """Give a file another name, in the place of what has that name; nothing happens where it is not there."""

    @abstractmethod
    def upload(self, path: Path, name: str) -> None:
        """Put a file of this machine, which may be large, under `name`."""

    @abstractmethod
    def download(self, name: str, path: Path) -> None:
        """Copy a file, which may be large, to this machine; it may be cut off where that fails.

        Raises:
            FileNotFoundError: it is not there.
        """

    @abstractmethod
    def clear_unfinished(self, folders: Sequence[str], *, at_any_age: bool = False) -> None:
        """Clear away what writers that were killed left half done, where they can leave anything.

        Args:
            folders: in the storage.
            at_any_age: also what is not old; for who knows that nobody else writes.
        """

    def list_names(self, folder: str = "", suffix: str = "") -> list[str]:
        """List the names of the files in a folder, sorted, relative to the storage; no folder, no files."""
        return [entry.name for entry in self.list_entries(folder, suffix)]
