"""Rows of many small files in one: read in their place as long as a listing shows the same files.

Opening ten thousand small Parquet files takes many seconds, and minutes where each is a request. The compact file is
scratch: it may be removed, and a file that changed since is read itself.

In: a storage and the listing of a table's files. Out: one Arrow table.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from results.errors import DamagedFileError, SchemaVersionError
from results.schema import VERSION_KEY
from results.storage import Entry, Storage
from results.table_files import OnDamaged, OnUnreadable, encode_table, read_schema, read_table, read_tables

COMPACT = "compact"
"""Folder of the compact files."""

_FILES_KEY = b"xlt_compacted_files"
_WORTH_IT_NUM_FILES = 200
_WORTH_IT_SHARE = 0.25
"""Of the files: so many not yet in the compact file make it worth to be written anew."""

_SETTLED_NS = 2_000_000_000
"""A file that is not older than the newest by that much may still change unnoticed: some clocks tick in seconds."""


@dataclass(frozen=True)
class TableRead:
    """A table as its files made it, and what is needed to write them as one."""

    storage: Storage
    folder: str
    rows: pa.Table
    """Of all files, in the order in which these were given."""
    entries: Sequence[Entry]
    """The files that could be read."""
    num_rows: Sequence[int]
    """Of each of them."""
    num_fresh: int
    """So many of them were not in the compact file."""

    @property
    def is_worth_compacting(self) -> bool:
        """Whether enough was read from files of their own."""
        return self.num_fresh >= max(_WORTH_IT_NUM_FILES, _WORTH_IT_SHARE * len(self.entries))

    def compact(self) -> None:
        """Write the compact file of the table; the columns must be all that the table has.

        Raises:
            DiskFullError: no room.
        """
        newest_ns = max((entry.modified_ns for entry in self.entries), default=0)
        is_settled = np.array([newest_ns - entry.modified_ns >= _SETTLED_NS for entry in self.entries], bool)
        rows = self.rows.filter(pa.array(np.repeat(is_settled, self.num_rows)))
        files = [
            [*entry, num_rows]
            for entry, num_rows, settled in zip(self.entries, self.num_rows, is_settled, strict=True)
            if settled
        ]
        metadata = {**(self.rows.schema.metadata or {}), _FILES_KEY: json.dumps(files).encode()}
        self.storage.publish_bytes(compact_name(self.folder), encode_table(rows.replace_schema_metadata(metadata)))


@dataclass(frozen=True)
class FolderScan:
    """Where the rows of a table lie that many files make: nothing of a compact file is read."""

    compact: str | None
    """Name of the compact file; none: all rows are in `fresh`."""
    outdated: Sequence[str]
    """Names of files whose rows stand in the compact file and no longer count."""
    fresh: pa.Table
    """Rows of the files that are not in it."""
    entries: Sequence[Entry]
    """The files whose rows count."""


@dataclass(frozen=True)
class _Compacted:
    """What a compact file holds."""

    rows: pa.Table
    files: dict[Entry, slice] = field(default_factory=dict)


def compact_name(folder: str) -> str:
    """Where the compact file of a table is."""
    return f"{COMPACT}/{folder}.parquet"


def read_folder(
    storage: Storage,
    folder: str,
    entries: Sequence[Entry],
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    on_damaged: OnDamaged | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> TableRead:
    """Read the table that many files of one folder make, in the order of `entries`.

    Args:
        storage: where they are.
        folder: the table's.
        entries: of a listing; a file that vanished meanwhile is left out.
        schema: of the table.
        columns: only these; none given: all.
        on_damaged: as `read_tables` takes it, as the next.
        on_unreadable: also of files of other versions.

    Raises:
        SchemaVersionError: a file was written by another version of the schema.
        DamagedFileError: a file cannot be read, and nobody wants to be told.
    """
    kept = schema if columns is None else pa.schema([schema.field(name) for name in columns], schema.metadata)
    compacted = _read_compacted(storage, folder, kept) if len(entries) >= _WORTH_IT_NUM_FILES else None
    compacted = compacted or _Compacted(kept.empty_table())
    fresh = [entry for entry in entries if entry not in compacted.files]
    tables = read_tables(storage, [entry.name for entry in fresh], schema, columns, on_damaged, on_unreadable)
    places = dict(compacted.files)
    read, start = [compacted.rows], compacted.rows.num_rows
    for entry, table in zip(fresh, tables, strict=True):
        if table is not None:
            places[entry] = slice(start, start + table.num_rows)
            start += table.num_rows
            read.append(table)
    found = [entry for entry in entries if entry in places]
    rows = pa.concat_tables(read).combine_chunks()
    order = np.concatenate(
        [np.arange(0), *(np.arange(places[entry].start, places[entry].stop) for entry in found)], dtype=np.int64
    )
    if not np.array_equal(order, np.arange(rows.num_rows)):
        rows = rows.take(pa.array(order))
    num_rows = [places[entry].stop - places[entry].start for entry in found]
    num_fresh = sum(entry not in compacted.files for entry in found)
    return TableRead(storage, folder, rows, found, num_rows, num_fresh)


def scan_folder(
    storage: Storage,
    folder: str,
    entries: Sequence[Entry],
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> FolderScan:
    """Say where the rows are that `read_folder` would read; the arguments, what is left out and raised are its own."""
    compacted = _find_compacted(storage, folder, schema) if len(entries) >= _WORTH_IT_NUM_FILES else frozenset()
    fresh = [entry for entry in entries if entry not in compacted]
    tables = read_tables(storage, [entry.name for entry in fresh], schema, columns, on_unreadable=on_unreadable)
    kept = schema if columns is None else pa.schema([schema.field(name) for name in columns], schema.metadata)
    rows = pa.concat_tables([pa.Table.from_batches([], kept), *(table for table in tables if table is not None)])
    unread = {entry for entry, table in zip(fresh, tables, strict=True) if table is None}
    found = [entry for entry in entries if entry not in unread]
    outdated = sorted(entry.name for entry in compacted.difference(entries))
    return FolderScan(compact_name(folder) if compacted else None, outdated, rows, found)


def compacted_entries(storage: Storage, folder: str) -> frozenset[Entry]:
    """Give the files that a compact file was made of: these could be read, pages and all."""
    return _find_compacted(storage, folder, None)


def _find_compacted(storage: Storage, folder: str, schema: pa.Schema | None) -> frozenset[Entry]:
    """Read of which files a compact file was made; none where there is none, or none of use."""
    try:
        found = read_schema(storage, compact_name(folder))
    except (FileNotFoundError, DamagedFileError, SchemaVersionError):
        return frozenset()
    if schema is not None and not _is_same(found, schema):
        return frozenset()
    return frozenset(Entry(*entry) for *entry, _ in json.loads(found.metadata.get(_FILES_KEY, b"[]")))


def _read_compacted(storage: Storage, folder: str, schema: pa.Schema) -> _Compacted | None:
    """Read a compact file; none where there is none, or none of use: it is damaged, or of another version."""
    try:
        rows = read_table(storage, compact_name(folder), schema.names)
    except (FileNotFoundError, DamagedFileError, SchemaVersionError):
        return None
    if not _is_same(rows.schema, schema):
        return None
    files, start = {}, 0
    for *entry, num_rows in json.loads(rows.schema.metadata.get(_FILES_KEY, b"[]")):
        files[Entry(*entry)] = slice(start, start + num_rows)
        start += num_rows
    return _Compacted(rows, files)


def _is_same(found: pa.Schema, wanted: pa.Schema) -> bool:
    """Tell whether columns and version are the same."""
    versions = [(schema.metadata or {}).get(VERSION_KEY) for schema in (found, wanted)]
    return bool(found.equals(wanted)) and versions[0] == versions[1]
