"""What killed processes left in a sweep's folder, cleared away before a launch; only for who holds the sweep's lock.

In: a store, a place. Out: nothing half done, and trials with damaged files pending again.
"""

import shutil
from collections.abc import Collection

from rich.console import Console

from results.store import ResultStore
from sweeps.units.claims import remove_claims
from sweeps.units.job import SCRATCH, Place
from xlt_core.artifacts import remove_partial_folders


def set_damaged_aside(store: ResultStore, console: Console) -> None:
    """Take finished trials whose files cannot be read for unfinished; the files are kept under `damaged/`."""
    for trial_id, reason in store.find_damaged().items():
        store.set_aside(trial_id)
        console.print(f"trial {trial_id} runs again: {reason}", highlight=False, soft_wrap=True, markup=False)


def clear_remains(store: ResultStore, place: Place, settled_ids: Collection[str]) -> None:
    """Remove what killed processes left: scratch, half-written stages, checkpoints of trials that have scores."""
    shutil.rmtree(place.scratch, ignore_errors=True)
    if place.is_remote:
        store.storage.remove_folder(SCRATCH)
    if place.stages_folder is None:  # in a shared one others may be writing
        remove_partial_folders(place.stages)
        remove_claims(place.stages)
    for temporary in (place.work_folder / "tokens").glob(".*"):
        temporary.unlink(missing_ok=True)
    for trial_id in settled_ids:
        shutil.rmtree(place.work_folder / "checkpoints" / trial_id, ignore_errors=True)
