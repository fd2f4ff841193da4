"""Publish a folder as a whole or not at all, with a manifest of checksums that is verified on reading.

In: a function that fills a folder. Out: the folder under its final name. Artifacts and checkpoints both go this way.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from xlt_core.canonical import file_digest
from xlt_core.errors import StoreError

MANIFEST = "manifest.json"
_DIGEST = "digest"
"""Key of a manifest: a checksum of all its others."""
_PARTIAL_MARK = ".partial-"


class FolderMirror(Protocol):
    """Published folders that are kept on remote storage, too, each under its name."""

    def under(self, name: str) -> "FolderMirror":
        """Give the mirror of what is one level (or, with slashes, more) further down."""
        ...

    def push_folder(self, folder: Path) -> None:
        """Copy a published folder there under its own name, the manifest last; one that is there stays."""
        ...

    def fetch_folder(self, name: str, parent: Path) -> bool:
        """Copy a folder from there into `parent`, as a whole or not at all; whether it was there."""
        ...

    def list_names(self) -> list[str]:
        """Name the folders that are complete there."""
        ...

    def delete(self, name: str) -> None:
        """Remove a folder there, the manifest first."""
        ...


def publish_folder(folder: Path, write: Callable[[Path], None], manifest: Mapping[str, Any]) -> Path:
    """Fill a temporary folder beside `folder`, add its manifest, and rename it into place.

    Where `folder` is there already (another process was faster), it stays and ours is dropped: equal names mean
    equal content.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f"{folder.name}{_PARTIAL_MARK}{uuid4().hex[:8]}")
    partial.mkdir()
    try:
        write(partial)
        files = sorted(path.relative_to(partial).as_posix() for path in partial.rglob("*") if path.is_file())
        digests = {name: file_digest(partial / name) for name in files}
        content = {**manifest, "files": digests}
        text = json.dumps({**content, _DIGEST: _digest_of(content)}, indent=1, sort_keys=True)
        (partial / MANIFEST).write_text(text, encoding="utf-8")
        for name in (*files, MANIFEST):
            _flush_to_disk(partial / name)
        try:
            partial.rename(folder)
        except OSError:
            if not (folder / MANIFEST).is_file():
                raise
        else:
            _flush_to_disk(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and verify a published folder's manifest.

    Raises:
        FileNotFoundError: nothing is published there.
        StoreError: a file is missing or its bytes have changed.
    """
    manifest = parse_manifest((folder / MANIFEST).read_bytes(), folder / MANIFEST)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or file_digest(path) != digest:
            state = "changed" if path.is_file() else "missing"
            raise StoreError(f"{path} is {state} since it was published; delete the folder {folder} to make it anew")
    return manifest


def parse_manifest(text: bytes, where: object) -> dict[str, Any]:
    """Read and verify what a manifest says, its files aside.

    Args:
        text: of the manifest.
        where: it was found; for the error.

    Raises:
        StoreError: its bytes have changed, or it is none.
    """
    try:
        manifest: dict[str, Any] = json.loads(text)
        digest = manifest.pop(_DIGEST, None)  # what was published before there were digests has none
        is_sound = isinstance(manifest["files"], dict) and digest in (None, _digest_of(manifest))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{where} is no manifest; delete its folder to make it anew ({error})") from error
    if not is_sound:
        raise StoreError(f"{where} is changed since it was published; delete its folder to make it anew")
    return manifest


def is_published(folder: Path) -> bool:
    """Whether `folder` was published (its content is verified when it is read)."""
    return (folder / MANIFEST).is_file()


def remove_partial_folders(parent: Path, name: str = "*") -> None:
    """Delete what interrupted writers left in `parent`, of one name or all; only where nobody else writes that."""
    for partial in parent.glob(f"{name}{_PARTIAL_MARK}*"):
        shutil.rmtree(partial, ignore_errors=True)


def _digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of what a manifest says, as it is read back."""
    return hashlib.sha256(json.dumps(json.loads(json.dumps(content)), sort_keys=True).encode()).hexdigest()


def _flush_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
