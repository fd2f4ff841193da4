"""Where stage artifacts are: in a folder, and for a sweep on remote storage also there.

In: a `Place`. Out: artifacts in the local folder before they are read, and on the storage once they are made.
"""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from results.storage import open_storage
from sweeps.units.job import Place
from sweeps.workers.mirror import Mirror
from xlt_core.artifacts import is_published, read_manifest


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Artifacts by stage key."""

    stages: Path
    weights: Path
    """Of target stages whose trained models are kept."""
    mirror_of_stages: Mirror | None = None
    """None: the folder is all there is."""
    mirror: Mirror | None = None
    """Of the whole sweep folder, for what a trial keeps besides (`xlt_core.workspace.Workspace.mirror`)."""

    def has(self, key: str) -> bool:
        """Whether a stage's artifact is there."""
        mirror = self.mirror_of_stages
        return is_published(self.stages / key) or (mirror is not None and mirror.exists(key))

    def has_weights(self, key: str) -> bool:
        """Whether the trained model of a target stage was kept."""
        return is_published(self.weights / key) or (
            self.mirror is not None and self.mirror.under("weights").exists(key)
        )

    def discard_weights(self, key: str) -> None:
        """Take the trained model of a target stage away, so that it is trained again."""
        if self.mirror is not None:
            self.mirror.under("weights").delete(key)
        shutil.rmtree(self.weights / key, ignore_errors=True)

    def fetch(self, keys: Iterable[str]) -> None:
        """Have artifacts in the local folder, where they are anywhere."""
        for key in keys:
            if self.mirror_of_stages is not None and not is_published(self.stages / key):
                self.mirror_of_stages.fetch_folder(key, self.stages)

    def push(self, key: str) -> None:
        """Have an artifact on the storage."""
        if self.mirror_of_stages is not None:
            self.mirror_of_stages.push_folder(self.stages / key)

    def set_aside(self, key: str) -> None:
        """Take a damaged artifact away, so that it is computed again; it is kept for whoever wants to look.

        One that is sound by now stays: another has found the same damage before, and it was computed again meanwhile.
        """
        with suppress(FileNotFoundError, ValueError, KeyError):
            read_manifest(self.stages / key)
            return
        with suppress(FileNotFoundError):
            (self.stages / key).rename(self.stages / f".damaged-{key}-{uuid4().hex[:8]}")
        if self.mirror_of_stages is not None:
            self.mirror_of_stages.delete(key)


def open_shelf(place: Place) -> Shelf:
    """Find the artifacts of a sweep."""
    weights = place.work_folder / "weights"
    if not place.is_remote:
        return Shelf(stages=place.stages, weights=weights)
    storage = open_storage(place.folder)
    return Shelf(
        stages=place.stages,
        weights=weights,
        mirror_of_stages=None if place.stages_folder else Mirror(storage, "stages"),
        mirror=Mirror(storage, ""),
    )
