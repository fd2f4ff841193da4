"""A sweep in a folder of a file system that is mounted here.

In: names relative to the folder. Out: see `results.storage`.
"""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
from pyarrow.fs import FileSystem, LocalFileSystem

from results import files
from results.storage.base import Entry, Storage


@dataclass(frozen=True)
class LocalStorage(Storage):
    """Files are published by renaming; see `results.files`."""

    folder: Path

    @property
    def uri(self) -> str:
        """The path as it was given."""
        return str(self.folder)

    @property
    def filesystem(self) -> FileSystem:
        """Local files."""
        return LocalFileSystem()

    @property
    def local_folder(self) -> Path:
        """The folder."""
        return self.folder

    def below(self, folder: str) -> Self:
        """Give the storage of a folder in this one."""
        return type(self)(self.folder / folder)

    def path_of(self, name: str) -> str:
        """Path on this machine."""
        return str(self.folder / name)

    def locate(self, name: str) -> str:
        """Path on this machine."""
        return str(self.folder / name)

    def prepare(self) -> None:
        """Make the folder and those above it."""
        files.attempt_locally(lambda: self.folder.mkdir(parents=True, exist_ok=True), self.folder, "made")

    def read_bytes(self, name: str) -> bytes:
        """Read a file whole."""
        path = self.folder / name
        return files.attempt_locally(path.read_bytes, path, "read")

    def read_end(self, name: str, num_bytes: int) -> bytes:
        """Read the last bytes of a file."""
        path = self.folder / name

        def read() -> bytes:
            with path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - num_bytes))
                return file.read()

        return files.attempt_locally(read, path, "read")

    def publish_bytes(self, name: str, content: bytes | pa.Buffer) -> None:
        """Write under a temporary name, sync, rename, sync the folder."""
        files.publish_bytes(content, self.folder / name)

    def list_entries(self, folder: str = "", suffix: str = "", *, recursive: bool = False) -> list[Entry]:
        """List the files in a folder by name; no folder, no files."""
        path = self.folder / folder
        prefix, start = f"{folder}/" if folder else "", len(str(path)) + 1

        def look() -> list[Entry]:
            entries = []
            for found in files.published_files(path, suffix, recursive=recursive):
                try:
                    status = found.stat()
                except FileNotFoundError:  # removed meanwhile
                    continue
                entries.append(Entry(prefix + found.path[start:], status.st_size, status.st_mtime_ns))
            return entries

        return sorted(files.attempt_locally(look, path, "listed"))

    def list_folders(self, folder: str = "") -> list[str]:
        """List the folders in a folder by name."""
        path = self.folder / folder
        shown = [found for found in path.glob("*") if found.is_dir() and not found.name.startswith(".")]
        return sorted(found.relative_to(self.folder).as_posix() for found in shown)

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.folder / name).is_file()

    def remove(self, name: str) -> None:
        """Remove a file for good, if it is there."""
        files.remove_file(self.folder / name)

    def remove_folder(self, folder: str) -> None:
        """Remove all that is in a folder, if it is there."""
        shutil.rmtree(self.folder / folder, ignore_errors=True)

    def move(self, name: str, new_name: str) -> None:
        """Rename a file."""
        files.move_file(self.folder / name, self.folder / new_name)

    def upload(self, path: Path, name: str) -> None:
        """Copy a file under a temporary name, sync, rename."""
        files.publish_copy(path, self.folder / name)

    def download(self, name: str, path: Path) -> None:
        """Copy a file."""
        files.attempt_locally(lambda: shutil.copyfile(self.folder / name, path), self.folder / name, "read")

    def clear_unfinished(self, folders: Sequence[str], *, at_any_age: bool = False) -> None:
        """Remove temporary files that are more than an hour old, or all."""
        for folder in folders:
            files.remove_temporaries(self.folder / folder, at_any_age=at_any_age)
