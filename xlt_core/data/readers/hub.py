"""Data sets of the Hugging Face hub: Parquet files `CONFIG/SPLIT-*.parquet` of one commit, downloaded once.

In: an address, or a local copy in the same form. Out: `Examples`. A revision that the local cache knows is taken from
there without asking the hub, so that one machine stays with one commit; ask for another with `@REVISION`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xlt_core.canonical import file_digest
from xlt_core.data.readers.location import HubAddress, HubCopy
from xlt_core.errors import DataError
from xlt_core.languages import LANGUAGES
from xlt_core.tasks.base import Split

_SPLIT_NAMES: dict[Split, str] = {"train": "train", "dev": "validation", "test": "test"}
_TIMEOUT_SECONDS = 10.0
_README = "README.md"


@dataclass(frozen=True, kw_only=True)
class HubColumns:
    """What a hub data set calls its columns."""

    inputs: tuple[str, ...]
    """The two texts of a pair, or the words of a sentence."""
    label: str
    identifier: str | None = None
    """None: examples are numbered."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Other spellings of labels."""


@dataclass(frozen=True, kw_only=True)
class HubDataset:
    """Where the hub has the data of a task, and what it calls them."""

    repository: str
    config: str
    """With `{code}` or `{name}` of the language in it."""
    columns: HubColumns

    def config_of(self, language: str) -> str:
        """Name of a language's configuration."""
        return self.config.format(code=language, name=LANGUAGES[language].name)


@dataclass(frozen=True, kw_only=True)
class HubFiles:
    """The files of one commit of a data set; those that were not asked for yet may not be here."""

    address: HubAddress | None
    """None for a local copy."""
    folder: Path
    names: tuple[str, ...]
    """Relative to the folder, sorted."""

    @property
    def source(self) -> str:
        """Where the files come from, for messages."""
        return f"{self.address.repository}@{self.address.revision}" if self.address else str(self.folder)

    def find_shards(self, config: str, split: Split) -> tuple[str, ...]:
        """Names of the Parquet files of one configuration and split; empty where there are none."""
        shard = re.compile(rf"{re.escape(config)}/{_SPLIT_NAMES[split]}(-\d+-of-\d+)?\.parquet")
        return tuple(name for name in self.names if shard.fullmatch(name))

    def identify(self, name: str) -> str:
        """What fixes the content of a file: the commit it belongs to, or the bytes of a local copy."""
        return self.source if self.address else file_digest(self.folder / name)

    def fetch(self, names: tuple[str, ...]) -> tuple[Path, ...]:
        """Download what is not here yet.

        Raises:
            DataError: the hub cannot be reached.
        """
        paths = tuple(self.folder / name for name in names)
        if self.address and not all(path.exists() for path in paths):
            from huggingface_hub import snapshot_download

            with _explained(self.address):
                snapshot_download(
                    self.address.repository,
                    repo_type="dataset",
                    revision=self.address.revision,
                    allow_patterns=list(names),
                )
        return paths


def open_hub_files(location: HubAddress | HubCopy) -> HubFiles:
    """Find out which commit and which files an address means.

    Raises:
        DataError: the hub cannot be reached and has not been before, or knows no such data set or revision.
    """
    if isinstance(location, HubCopy):
        found = location.folder.rglob("*.parquet")
        names = tuple(sorted(path.relative_to(location.folder).as_posix() for path in found))
        return HubFiles(address=None, folder=location.folder, names=names)
    folder = _cached_snapshot(location) or _ask_for_snapshot(location)
    # The snapshot's folder is named after its commit.
    address = HubAddress(repository=location.repository, revision=folder.name)
    return HubFiles(address=address, folder=folder, names=_list_names(address, folder))


def _cached_snapshot(location: HubAddress) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        # No pattern: nothing needs to be complete, we only ask which commit it is.
        found = snapshot_download(
            location.repository,
            repo_type="dataset",
            revision=location.revision,
            allow_patterns=[],
            local_files_only=True,
        )
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return Path(found)


def _ask_for_snapshot(location: HubAddress) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    with _explained(location):
        # Fails at once without a connection, where a download would try for half a minute.
        HfApi().dataset_info(location.repository, revision=location.revision, timeout=_TIMEOUT_SECONDS)
        return Path(
            snapshot_download(
                location.repository, repo_type="dataset", revision=location.revision, allow_patterns=[_README]
            )
        )


def _list_names(address: HubAddress, folder: Path) -> tuple[str, ...]:
    """All files of the commit where the cache lists them; else those that were downloaded."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        tree = get_cached_repo_tree(address.repository, repo_type="dataset", revision=address.revision)
        return tuple(sorted(entry.path for entry in tree))
    except CachedRepoTreeNotFoundError:
        return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")))


@contextmanager
def _explained(location: HubAddress) -> Iterator[None]:
    """Turn the hub's errors, and those of its transport, into one that says what was asked."""
    from huggingface_hub import errors

    # The transport's errors are caught by the base that the hub's own have; the library it is from has changed.
    transport_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]
    try:
        yield
    except (OSError, ValueError, errors.EntryNotFoundError, errors.RevisionResolutionError, transport_error) as error:
        is_offline = os.environ.get("HF_HUB_OFFLINE", "0").upper() in {"1", "TRUE", "YES", "ON"}
        reason = "HF_HUB_OFFLINE is set" if is_offline else f"{type(error).__name__}: {error}"
        raise DataError(
            f"data set '{location.repository}' (revision '{location.revision}') is not in the local cache and cannot "
            f"be had from the hub ({reason})"
        ) from error
