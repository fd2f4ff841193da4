"""Files of results that cannot be read: find them before a sweep goes on, and set them aside.

In: a storage. Out: trials whose files are damaged, with the reason; what is set aside lies under `damaged/`.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from results.compaction import TableRead, compacted_entries, read_folder
from results.errors import DamagedFileError
from results.schema import PREDICTIONS, SCORES, TRIALS
from results.storage import Entry, Storage
from results.table_files import read_table, read_version

DAMAGED = "damaged"
"""Folder of what was set aside, by table."""

TRIAL_TABLES = ("trials", "scores", "predictions")
"""Folders with one file a trial; the first is the mark that the trial is finished."""

_READ_WHOLE_BYTES = 256 << 20
"""So much of predictions is read, page by page, before a sweep goes on; of more than that the ends of the files."""


def trial_file(table: str, trial_id: str) -> str:
    """Name of a trial's file of a table."""
    return f"{table}/{trial_id}.parquet"


def trial_of(name: str) -> str:
    """Trial that a file is of; the inverse of `trial_file`."""
    return name.rpartition("/")[2].removesuffix(".parquet")


def find_damaged(storage: Storage) -> dict[str, str]:
    """Look into every file that was not looked into before; of many predictions at the end of each file alone.

    Returns:
        Why a trial's rows cannot be read, by trial id.

    Raises:
        SchemaVersionError: a file was written by another version of the schema.
        StorageError: the storage does not answer.
    """
    damaged: dict[str, str] = {}

    def note(name: str, error: DamagedFileError) -> None:
        damaged.setdefault(trial_of(name), str(error))

    for table, schema in (("trials", TRIALS), ("scores", SCORES)):
        read = read_folder(storage, table, storage.list_entries(table, ".parquet"), schema, on_damaged=note)
        if read.is_worth_compacting:
            read.compact()
    _check_predictions(storage, damaged)
    return damaged


def set_aside(storage: Storage, trial_id: str) -> None:
    """Move a trial's files under `damaged/`, its mark first: the trial is pending from then on."""
    for table in TRIAL_TABLES:
        name = trial_file(table, trial_id)
        storage.move(name, f"{DAMAGED}/{name}")


def set_plans_aside(storage: Storage, names: Iterable[str]) -> None:
    """Move files of the plan under `damaged/`."""
    for name in names:
        storage.move(name, f"{DAMAGED}/{name}")


def _check_predictions(storage: Storage, damaged: dict[str, str]) -> None:
    entries = storage.list_entries("predictions", ".parquet")
    known = compacted_entries(storage, "predictions")
    fresh = [entry for entry in entries if entry not in known]
    look = read_table if sum(entry.num_bytes for entry in fresh) <= _READ_WHOLE_BYTES else read_version
    with ThreadPoolExecutor(storage.num_readers) as pool:
        reasons = list(pool.map(lambda entry: _find_reason(storage, entry, look), fresh))
    for entry, reason in zip(fresh, reasons, strict=True):
        if reason is not None:
            damaged.setdefault(trial_of(entry.name), reason)
    whole = [entry for entry in entries if trial_of(entry.name) not in damaged]
    seen = _as_read(storage, whole, len(fresh))
    if seen.is_worth_compacting:
        seen.compact()


def _find_reason(storage: Storage, entry: Entry, look: Callable[[Storage, str], object]) -> str | None:
    try:
        look(storage, entry.name)
    except DamagedFileError as error:
        return str(error)
    except FileNotFoundError:  # a rerun takes a finished trial back
        return None
    return None


def _as_read(storage: Storage, entries: Sequence[Entry], num_fresh: int) -> TableRead:
    """Predictions may be large: their compact file has no rows, and only says which files were whole."""
    return TableRead(storage, "predictions", PREDICTIONS.empty_table(), entries, [0] * len(entries), num_fresh)
