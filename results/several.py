"""Several sweeps at once. In: folders, as they were typed. Out: their stores, each with a name of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from results.errors import QueryError
from results.store import ResultStore


@dataclass(frozen=True)
class NamedStore:
    """A store among others."""

    name: str
    store: ResultStore


def open_stores(places: Sequence[str]) -> list[NamedStore]:
    """Open stores and name them: by their sweeps, else by their folders, else as they were given.

    Raises:
        QueryError: one was given twice.
    """
    stores = [ResultStore.open(place) for place in places]
    names = [
        [str(store.sweep.get("name")) for store in stores],
        [PurePath(store.uri).name for store in stores],
        [store.uri for store in stores],
    ]
    chosen = next((of_kind for of_kind in names if len(set(of_kind)) == len(stores)), None)
    if chosen is None:
        twice = next(store.uri for store in stores if names[-1].count(store.uri) > 1)
        raise QueryError(f"{twice} was given twice; give every sweep once")
    return [NamedStore(*pair) for pair in zip(chosen, stores, strict=True)]
