"""Files of results that cannot be read: find them before a sweep goes on, and set them aside.

In: a storage. Out: trials whose files are damaged, with the reason; what is set aside lies under `damaged/`.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from results.compaction import TableRead, compacted_entries
from results.errors import DamagedFileError
from results.schema import PREDICTIONS, SCORES, TRIALS
from results.storage import Entry, Storage
from results.table_files import OnDamaged, check_end, read_tables

DAMAGED = "damaged"
"""Folder of what was set aside, by table."""

_SCHEMAS = {"trials": TRIALS, "scores": SCORES, "predictions": PREDICTIONS}
"""Of the folders with one file a trial; the first is the mark that the trial is finished."""

_READ_WHOLE_NUM_FILES = 2000
_READ_WHOLE_BYTES = 256 << 20
"""So much of a table is read, page by page, before a sweep goes on; of more than that the ends of the files."""
_NUM_FILES_AT_A_TIME = 32


def trial_file(table: str, trial_id: str) -> str:
    """Name of a trial's file of a table."""
    return f"{table}/{trial_id}.parquet"


def trial_of(name: str) -> str:
    """Trial that a file is of; the inverse of `trial_file`."""
    return name.rpartition("/")[2].removesuffix(".parquet")


def find_damaged(storage: Storage) -> dict[str, str]:
    """Look into every file that was not looked into before; where these are many, at the end of each file alone.

    Returns:
        Why a trial's rows cannot be read, by trial id.

    Raises:
        SchemaVersionError: a file was written by another version of the schema.
        StorageError: the storage does not answer.
    """
    damaged: dict[str, str] = {}

    def note(name: str, error: DamagedFileError) -> None:
        damaged.setdefault(trial_of(name), str(error))

    for table, schema in _SCHEMAS.items():
        entries = storage.list_entries(table, ".parquet")
        known = compacted_entries(storage, table)
        fresh = [entry for entry in entries if entry not in known]
        num_bytes = sum(entry.num_bytes for entry in fresh)
        if len(fresh) <= _READ_WHOLE_NUM_FILES and num_bytes <= _READ_WHOLE_BYTES:
            _read_whole(storage, fresh, schema, note)
        else:
            _check_ends(storage, fresh, note)
        if table == "predictions":
            _note_as_whole(storage, [entry for entry in entries if trial_of(entry.name) not in damaged], len(fresh))
    return damaged


def set_aside(storage: Storage, trial_id: str) -> None:
    """Move a trial's files under `damaged/`, its mark first: the trial is pending from then on."""
    for table in _SCHEMAS:
        name = trial_file(table, trial_id)
        storage.move(name, f"{DAMAGED}/{name}")


def set_plans_aside(storage: Storage, names: Iterable[str]) -> None:
    """Move files of the plan under `damaged/`."""
    for name in names:
        storage.move(name, f"{DAMAGED}/{name}")


def _read_whole(storage: Storage, entries: Sequence[Entry], schema: pa.Schema, on_damaged: OnDamaged) -> None:
    for start in range(0, len(entries), _NUM_FILES_AT_A_TIME):
        names = [entry.name for entry in entries[start : start + _NUM_FILES_AT_A_TIME]]
        read_tables(storage, names, schema, on_damaged=on_damaged)


def _check_ends(storage: Storage, entries: Sequence[Entry], on_damaged: OnDamaged) -> None:
    def check(entry: Entry) -> DamagedFileError | None:
        try:
            check_end(storage, entry)
        except DamagedFileError as error:
            return error
        except FileNotFoundError:  # a rerun takes a finished trial back
            return None
        return None

    with ThreadPoolExecutor(storage.num_readers) as pool:
        errors = list(pool.map(check, entries))
    for entry, error in zip(entries, errors, strict=True):
        if error is not None:
            on_damaged(entry.name, error)


def _note_as_whole(storage: Storage, entries: Sequence[Entry], num_fresh: int) -> None:
    """Note predictions that were looked into; their compact file has no rows, since predictions may be large."""
    seen = TableRead(storage, "predictions", PREDICTIONS.empty_table(), entries, [0] * len(entries), num_fresh)
    if seen.is_worth_compacting:
        seen.compact()
