"""From tables of earlier versions of the schema to today's. In: a table as it was read. Out: one with all columns."""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from results.schema import CLEAN, READABLE_VERSIONS, VERSION_KEY

_NEW_IN_VERSION: Mapping[int, Mapping[str, str | bool | None]] = MappingProxyType(
    {
        2: {
            "condition": CLEAN,
            "condition_language": None,
            "size_kind": None,
            "size_mean": None,
            "size_max": None,
            "loss_gap": None,
            "forwards_per_step": None,
            "backwards_per_step": None,
            "weight_gradients_per_step": None,
        },
        3: {
            "is_seeded": True,
            "num_units": None,
            "chance": None,
            "fertility": None,
            "tokens_per_character": None,
            "unknown_rate": None,
            "outcome": None,
        },
        4: {
            "level": None,
            "noise_trim": None,
            "intermediate_key": None,
            "same_task": None,
            "waived": None,
            "bits": None,
            "failed_checks": None,
        },
        5: {
            "supersedes": None,
            "launch_id": None,
            "host": None,
            "peak_bytes": None,
            "micro_batch_size": None,
            "rungs": None,
            "note": None,
        },
        6: {"weight": None, "mde": None, "delta_logit": None, "error_reduction": None},
    }
)
"""Columns that came with a version, and what a file of an earlier one says of them."""


def upgrade_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Add to a table of an earlier version the columns of `schema` that came later; any other stays as it is."""
    version = (table.schema.metadata or {}).get(VERSION_KEY, b"")
    if version not in [str(readable).encode() for readable in READABLE_VERSIONS[:-1]]:
        return table
    newer = [columns for added_in, columns in _NEW_IN_VERSION.items() if added_in > int(version)]
    later = {name: value for columns in newer for name, value in columns.items()}
    columns = {name: table[name] for name in table.column_names}
    for field in schema:
        if field.name in later and field.name not in columns:
            columns[field.name] = pa.array([later[field.name]] * table.num_rows, field.type)
    if {name: column.type for name, column in columns.items()} != {field.name: field.type for field in schema}:
        return table  # not a table of this schema: whoever reads it says so
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)
