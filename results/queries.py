"""SQL over a store: DuckDB on the tables, shut off from files, network and settings.

In: a snapshot and a SELECT, or a table and a condition. Out: an Arrow table.
"""

import duckdb
import pyarrow as pa

from results.errors import QueryError
from results.snapshot import Snapshot

_LOCKED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,  # no reading or writing of files, no network, no extensions
    "python_enable_replacements": False,  # names in the SQL are never looked up among Python variables
    "lock_configuration": True,
}

TABLES = ("plan", "trials", "scores", "predictions", "deltas", "results")
"""What can be queried; `results` is `scores` with what is known of each trial."""


def run_query(snapshot: Snapshot, sql: str) -> pa.Table:
    """Run one statement on the tables of a store.

    Raises:
        QueryError: the statement is wrong, or asks for more than reading the tables.
        DamagedFileError: predictions, which are read as the statement needs them, cannot be read.
    """
    with duckdb.connect(config=_LOCKED) as connection:
        for name in TABLES:
            connection.register(name, getattr(snapshot, name))
        try:
            return _fetch(connection, sql, _describe(snapshot, sql))
        except QueryError as error:
            if "reading the stream registered as 'predictions' failed" in str(error):
                snapshot.check_predictions()
            raise


def filter_table(table: pa.Table, condition: str) -> pa.Table:
    """Keep the rows for which a SQL condition holds, in their order.

    Raises:
        QueryError: the condition is wrong.
    """
    with duckdb.connect(config=_LOCKED) as connection:
        connection.register("rows", table)
        known = f"The columns are {', '.join(table.column_names)}"
        return _fetch(connection, f"SELECT * FROM rows WHERE ({condition}\n)", known)


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str, known: str) -> pa.Table:
    try:
        relation = connection.sql(sql)
        table = None if relation is None else relation.to_arrow_table()
    except duckdb.Error as error:
        # DuckDB's own hint lists its internal tables; ours lists what is there.
        sentence = str(error).partition("\nDid you mean")[0].partition("\nCandidate bindings")[0].strip()
        raise QueryError(f"{sentence}\n{known}") from error
    if table is None:
        raise QueryError(f"the statement gives no rows; try: SELECT cell, language, delta FROM deltas\n{known}")
    return table.rename_columns(_distinct(table.column_names))


def _distinct(names: list[str]) -> list[str]:
    """Number names that come again: a join gives `reason` and `reason`, a row as JSON can hold it once."""
    distinct: list[str] = []
    for name in names:
        number, candidate = 1, name
        while candidate in distinct:
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct


def _describe(snapshot: Snapshot, sql: str) -> str:
    """Names of all tables, and the columns of those that the statement names."""
    named = [name for name in TABLES if name in sql.lower()]
    lines = [f"  {name}: {', '.join(getattr(snapshot, name).schema.names)}" for name in named]
    return "\n".join([f"The tables are {', '.join(TABLES)}.", *lines])
