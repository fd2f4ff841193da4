"""The contrasts table, kept beside the store for the next reader and for other programs.

In: a snapshot, what is tested. Out: the table, computed only where what it is made from has changed.
"""

import hashlib
import json
import logging
from collections.abc import Collection
from dataclasses import asdict

import pyarrow as pa

from results.analysis import Analysis
from results.damage import trial_of
from results.errors import DamagedFileError, DiskFullError, SchemaVersionError, StorageError
from results.schema import SCHEMA_VERSION, VERSION_KEY
from results.snapshot import Snapshot
from results.statistics.schema import CONTRASTS
from results.table_files import encode_table, read_table

logger = logging.getLogger(__name__)

STATISTICS_VERSION = 6
"""Raised when the same store comes to give other numbers."""

CONTRASTS_FILE = "contrasts/contrasts.parquet"
_DIGEST_KEY = b"xlt_contrasts_digest"

_OF_TRIALS = ("trial_id", "status", "started_at", "attempt", "launch_id")
"""A trial that is run again differs in one of them."""


def load_contrasts(snapshot: Snapshot, analysis: Analysis, *, include: Collection[str] = ()) -> pa.Table:
    """Read the contrasts table where it is up to date, else compute it and keep it where the store can be written to.

    Args:
        snapshot: of the store.
        analysis: what is tested.
        include: as `compute_contrasts` takes it; with any, nothing is kept.
    """
    digest = digest_inputs(snapshot, analysis)
    if not include and (kept := _read_kept(snapshot, digest)) is not None:
        return kept
    from results.statistics.contrasts import compute_contrasts  # heavy, and not needed for a table that is kept

    table = compute_contrasts(snapshot, analysis, include=include)
    if include:
        return table
    metadata = {VERSION_KEY: str(SCHEMA_VERSION).encode(), _DIGEST_KEY: digest.encode()}
    try:
        snapshot.storage.publish_bytes(CONTRASTS_FILE, encode_table(table.replace_schema_metadata(metadata)))
    except (StorageError, DiskFullError) as error:
        logger.info("contrasts are not kept: %s", error)
    return table


def digest_inputs(snapshot: Snapshot, analysis: Analysis) -> str:
    """Digest of all that the contrasts table is made from."""
    tables = {
        "plan": snapshot.plan.drop_columns(["spec", "plan"]),
        "trials": snapshot.trials.select(list(_OF_TRIALS)),
        "languages": snapshot.languages,
    }
    content = {name: table.to_pylist() for name, table in tables.items()}
    content |= {"analysis": asdict(analysis), "versions": [STATISTICS_VERSION, SCHEMA_VERSION]}
    content |= {"files": _list_files(snapshot)}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _list_files(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Names and sizes of what finished trials scored and answered: files may be damaged, missing, and put back."""
    finished = set(snapshot.finished_ids)
    entries = [one for folder in ("scores", "predictions") for one in snapshot.storage.list_entries(folder, ".parquet")]
    return sorted((entry.name, entry.num_bytes) for entry in entries if trial_of(entry.name) in finished)


def _read_kept(snapshot: Snapshot, digest: str) -> pa.Table | None:
    """The table that was kept; none where there is none, or none that was made from the same."""
    try:
        kept = read_table(snapshot.storage, CONTRASTS_FILE)
    except (FileNotFoundError, DamagedFileError, SchemaVersionError, StorageError):
        return None
    if (kept.schema.metadata or {}).get(_DIGEST_KEY) != digest.encode() or not kept.schema.equals(CONTRASTS):
        return None
    return kept.replace_schema_metadata(None)
