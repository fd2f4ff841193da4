"""Published folders on remote storage: artifacts, kept weights and checkpoints of a sweep whose workers share no disk.

In: a folder that `xlt_core.artifacts` published. Out: its files under a prefix, the manifest last, and back again,
verified by the manifest's checksums.
"""

import json
import logging
from pathlib import Path
from typing import Self

from results.storage import Storage
from xlt_core.artifacts import MANIFEST, is_published, parse_manifest, publish_folder
from xlt_core.canonical import file_digest
from xlt_core.errors import StoreError

logger = logging.getLogger(__name__)

_NUM_FETCHES = 2
"""A folder that is replaced while it is fetched is whole the next time."""


class Mirror:
    """Folders under one prefix of a storage, each under its name; complete when the manifest is there."""

    def __init__(self, storage: Storage, prefix: str = "") -> None:
        self._storage = storage.below(prefix) if prefix else storage

    def under(self, name: str) -> Self:
        """Give the mirror of what is one level (or, with slashes, more) further down."""
        return type(self)(self._storage, name)

    def exists(self, name: str) -> bool:
        """Whether a folder is complete there."""
        return self._storage.exists(f"{name}/{MANIFEST}")

    def list_names(self) -> list[str]:
        """Name the folders that are complete there."""
        entries = self._storage.list_entries("", MANIFEST, recursive=True)
        parts = [entry.name.split("/") for entry in entries]
        return [names[0] for names in parts if names[1:] == [MANIFEST]]

    def push_folder(self, folder: Path) -> None:
        """Copy a published folder there under its own name, the manifest last; one that is there stays.

        Raises:
            StorageError: the storage does not take it.
            FileNotFoundError: the folder is not published, or was deleted meanwhile.
        """
        if self.exists(folder.name):
            return
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        for name in (*manifest["files"], MANIFEST):
            self._storage.upload(folder / name, f"{folder.name}/{name}")

    def fetch_folder(self, name: str, parent: Path) -> bool:
        """Copy a folder from there into `parent`, as a whole or not at all; whether it is in `parent` now.

        One whose checksums are wrong counts as not there, and is made to be so: it is made and pushed anew.

        Raises:
            StorageError: the storage does not answer.
        """
        for _ in range(_NUM_FETCHES):
            if is_published(parent / name):
                return True
            try:
                self._fetch(name, parent)
            except FileNotFoundError:
                return False
            except (StoreError, ValueError, KeyError, TypeError) as error:
                logger.warning("fetched a damaged folder: %s", error)
        if not is_published(parent / name):
            self._storage.remove(f"{name}/{MANIFEST}")
        return is_published(parent / name)

    def delete(self, name: str) -> None:
        """Remove a folder there, the manifest first."""
        self._storage.remove(f"{name}/{MANIFEST}")
        self._storage.remove_folder(name)

    def _fetch(self, name: str, parent: Path) -> None:
        manifest = parse_manifest(self._storage.read_bytes(f"{name}/{MANIFEST}"), self._storage.locate(name))
        digests: dict[str, str] = manifest.pop("files")

        def download(folder: Path) -> None:
            for file, digest in digests.items():
                path = folder / file
                if not path.resolve().is_relative_to(folder.resolve()):
                    raise StoreError(f"{self._storage.locate(name)}: its manifest names '{file}', which is not in it")
                path.parent.mkdir(parents=True, exist_ok=True)
                self._storage.download(f"{name}/{file}", path)
                if file_digest(path) != digest:
                    raise StoreError(f"{self._storage.locate(f'{name}/{file}')} has changed since it was published")

        publish_folder(parent / name, download, manifest)
