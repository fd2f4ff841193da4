"""Tables as Parquet files of a storage: published whole, read with a check of the schema version and of every page.

In: a storage and names of files in it. Out: Arrow tables.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from results.errors import DamagedFileError, RowError, SchemaVersionError
from results.migration import upgrade_table
from results.schema import READABLE_VERSIONS, VERSION_KEY
from results.storage import Entry, Storage

OnDamaged = Callable[[str, DamagedFileError], None]
"""Takes the name of a file that cannot be read, and why."""
OnUnreadable = Callable[[str, DamagedFileError | SchemaVersionError], None]
"""Takes also files of other versions of the schema: for who reads what can be read, and decides nothing by it."""

_FOOTER_BYTES = 1 << 16
_MAGIC = b"PAR1"
_FEW_ROWS = 256

_WHAT_TO_DO = "`xlt sweep resume` sets it aside and makes it anew"
_WHAT_TO_DO_WITH_PLANS = (
    "`xlt sweep run SPACE --out` with the same space sets it aside, plans anew and keeps what has finished"
)


def publish_table(storage: Storage, name: str, table: pa.Table, schema: pa.Schema) -> None:
    """Publish a table as Parquet (compressed, a checksum a page) under `name`, replacing what was there.

    Raises:
        RowError: the table's columns are not those of `schema`.
        DiskFullError: no room; what was there is as it was before.
    """
    if not table.schema.equals(schema, check_metadata=False):
        raise RowError(f"{name}: the columns are\n{table.schema}\nbut should be\n{schema}")
    storage.publish_bytes(name, encode_table(table.replace_schema_metadata(schema.metadata)))


def encode_table(table: pa.Table) -> pa.Buffer:
    """Give the bytes of a table's Parquet file.

    A trial's own rows are few: there a dictionary, statistics and a decompressor for each column take most of the time
    of reading them, and more bytes than they save.
    """
    sink = pa.BufferOutputStream()
    is_small = table.num_rows <= _FEW_ROWS
    pq.write_table(
        table,
        sink,
        compression="snappy" if is_small else "zstd",
        use_dictionary=not is_small,
        write_statistics=not is_small,
        write_page_checksum=True,
    )
    return sink.getvalue()


def publish_json(storage: Storage, name: str, value: Any) -> None:
    """Publish a JSON value, indented for people. Raises as `publish_table`."""
    storage.publish_bytes(name, json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n")


def read_table(storage: Storage, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one published table as it stands in its file.

    Raises:
        FileNotFoundError: it is not there.
        SchemaVersionError: written by another version of the schema.
        DamagedFileError: not a Parquet file of this store.
    """
    content = storage.read_bytes(name)
    try:
        file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
        _check_metadata(storage, name, file.schema_arrow.metadata)
        return file.read(columns=None if columns is None else list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(storage, name, " ".join(str(error).split())) from error


def read_version(storage: Storage, name: str) -> str:
    """Version of the schema that a published table was written with, from the end of its file alone.

    Raises as `read_table`.
    """
    return read_schema(storage, name).metadata[VERSION_KEY].decode()  # type: ignore[no-any-return]


def read_schema(storage: Storage, name: str) -> pa.Schema:
    """Columns and metadata of a published table, from the end of its file alone.

    Raises as `read_table`.
    """
    content = storage.read_end(name, _FOOTER_BYTES)
    num_bytes = int.from_bytes(content[-8:-4], "little") + 2 * len(_MAGIC)
    if content[-4:] == _MAGIC and num_bytes > len(content):
        content = storage.read_end(name, num_bytes)
    try:
        schema = pq.read_schema(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise _damaged(storage, name, " ".join(str(error).split())) from error
    _check_metadata(storage, name, schema.metadata)
    return schema


def check_end(storage: Storage, entry: Entry) -> None:
    """Look whether a file ends as a Parquet file of its size does; finds what was cut off or is something else.

    Raises:
        DamagedFileError: it does not.
    """
    end = storage.read_end(entry.name, 2 * len(_MAGIC))
    footer_bytes = int.from_bytes(end[: len(_MAGIC)], "little")
    if end[len(_MAGIC) :] != _MAGIC or footer_bytes + 3 * len(_MAGIC) > entry.num_bytes:
        raise _damaged(storage, entry.name, "it ends before its end")


def read_tables(
    storage: Storage,
    names: Sequence[str],
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    on_damaged: OnDamaged | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> list[pa.Table | None]:
    """Read many published tables, several at a time where that is quicker.

    Files of an earlier version of the schema get the columns that came later (`results.migration`).

    Args:
        storage: where they are.
        names: of the files.
        schema: of each.
        columns: only these; none given: all.
        on_damaged: is told of a file that cannot be read, which is then left out; none given: it is an error.
        on_unreadable: the same, also of a file that was written by another version of the schema.

    Returns:
        One table a name; none for a file that vanished meanwhile (a rerun takes a finished trial back) or is left out.

    Raises:
        SchemaVersionError: a file was written by another version of the schema.
        DamagedFileError: a file cannot be read, and nobody wants to be told.
    """
    kept = schema if columns is None else pa.schema([schema.field(name) for name in columns])

    def read(name: str) -> pa.Table | DamagedFileError | SchemaVersionError | None:
        try:
            table = upgrade_table(read_table(storage, name, columns), kept)
        except FileNotFoundError:
            return None
        except (DamagedFileError, SchemaVersionError) as error:
            return error
        if not table.schema.equals(kept):
            return _damaged(storage, name, f"the columns are\n{table.schema}\nbut should be\n{kept}")
        return table

    if storage.num_readers == 1 or len(names) < 2:
        found = [read(name) for name in names]
    else:
        with ThreadPoolExecutor(storage.num_readers) as pool:
            found = list(pool.map(read, names))
    tables: list[pa.Table | None] = []
    for name, table in zip(names, found, strict=True):
        if on_unreadable is not None and isinstance(table, DamagedFileError | SchemaVersionError):
            on_unreadable(name, table)
            table = None
        elif on_damaged is not None and isinstance(table, DamagedFileError):
            on_damaged(name, table)
            table = None
        elif isinstance(table, DamagedFileError | SchemaVersionError):
            raise table
        tables.append(table)
    return tables


def check_version(where: str, found: bytes | str | int | None) -> None:
    """Compare the schema version found in a file with those that this code reads.

    Raises:
        SchemaVersionError: it is none of them.
    """
    text = found.decode() if isinstance(found, bytes) else found
    *earlier, newest = [str(version) for version in READABLE_VERSIONS]
    if str(text) not in (*earlier, newest):
        raise SchemaVersionError(
            f"{where}: written with schema version {text if text is not None else 'unknown'}, this version of "
            f"xlt-sweeps reads {', '.join(earlier)} and {newest}; read it with the version of xlt-sweeps that wrote it "
            "(sweep.json names it), or run the sweep into another folder"
        )


def _check_metadata(storage: Storage, name: str, metadata: Mapping[bytes, bytes] | None) -> None:
    version = (metadata or {}).get(VERSION_KEY)
    if version is None:
        raise _damaged(storage, name, "it is not a file of this store: it says no schema version")
    check_version(storage.locate(name), version)


def _damaged(storage: Storage, name: str, why: str) -> DamagedFileError:
    what_to_do = _WHAT_TO_DO_WITH_PLANS if name.startswith("plan/") else _WHAT_TO_DO
    return DamagedFileError(f"{storage.locate(name)}: cannot be read as Parquet ({why}); {what_to_do}")
