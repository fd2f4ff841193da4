"""Searches that propose cells while the sweep runs. Light: Optuna is imported when one begins."""

from collections.abc import Collection

from results.store import ResultStore
from search_spaces.space import SearchSpace
from sweeps.search.base import CellSource


def open_cell_source(space: SearchSpace, store: ResultStore, running_ids: Collection[str] = ()) -> CellSource | None:
    """Open what proposes the cells of a space; none where all of them are planned before the sweep begins.

    Args:
        space: of the sweep.
        store: of the sweep; its plan is there.
        running_ids: trials that the launch runs anyway, also where they have a row of an earlier one.

    Raises:
        XltError: a cell of the space is no valid trial, or the database that it names cannot be used.
    """
    if space.search.optuna is None:
        return None
    from sweeps.search.optuna_search import OptunaSource

    return OptunaSource(space, space.search.optuna, store, running_ids)
