"""Token tables as Arrow IPC files: memory-mapped when read, checked, written so that no half file is ever seen."""

import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xlt_core.data.tokens import TokenTable

_ARRAYS = (
    "offsets",
    "input_ids",
    "token_type_ids",
    "content_mask",
    "is_labelled",
    "unit_offsets",
    "gold",
)
_MASKS = ("content_mask", "is_labelled")


def write_token_file(table: TokenTable, path: Path) -> None:
    """Publish a table under `path`; whoever writes last wins, with the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # One row of lists, so that columns of different lengths lie in one file; Arrow packs booleans into bits, which
    # cannot be mapped as they are, hence bytes.
    columns = {name: _one_row(pa.array(_as_stored(getattr(table, name)))) for name in _ARRAYS}
    columns["example_ids"] = _one_row(pa.array(table.example_ids, pa.large_string()))
    metadata = {"language": table.language, "shape": table.shape, "checksum": str(_checksum(table))}
    row = pa.table(columns).replace_schema_metadata(metadata)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file, pa.ipc.new_file(file, row.schema) as writer:
            writer.write_table(row)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_token_file(path: Path) -> TokenTable | None:
    """Map a table into memory; None where there is no file, or a damaged one, which is then to be written anew."""
    try:
        with pa.memory_map(str(path)) as source:
            row = pa.ipc.open_file(source).read_all()
        metadata = {key.decode(): value.decode() for key, value in row.schema.metadata.items()}
        arrays: dict[str, Any] = {name: _values(row, name).to_numpy(zero_copy_only=True) for name in _ARRAYS}
        table = TokenTable(
            language=metadata["language"],
            shape=metadata["shape"],
            example_ids=tuple(_values(row, "example_ids").to_pylist()),
            **{name: array.view(np.bool_) if name in _MASKS else array for name, array in arrays.items()},
        )
    except (OSError, pa.ArrowException, AttributeError, KeyError, IndexError, UnicodeDecodeError):
        return None
    return table if metadata.get("checksum") == str(_checksum(table)) else None


def _one_row(values: pa.Array) -> pa.Array:
    return pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)


def _values(row: pa.Table, name: str) -> pa.Array:
    return row[name].chunk(0).values


def _as_stored(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return values.view(np.uint8) if values.dtype == np.bool_ else values


def _checksum(table: TokenTable) -> int:
    checksum = zlib.crc32("\n".join([table.language, table.shape, *table.example_ids]).encode())
    for name in _ARRAYS:
        checksum = zlib.crc32(np.ascontiguousarray(getattr(table, name)).data, checksum)
    return checksum
