"""SQL over stores: DuckDB on their tables, shut off from files, network and settings.

In: stores and a SELECT, or a table and a condition. Out: an Arrow table. Only tables that the SQL names are read.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb
import pyarrow as pa

from results.compaction import compact_name
from results.damage import trial_of
from results.errors import DamagedFileError, QueryError
from results.several import NamedStore
from results.snapshot import Snapshot
from results.table_files import read_table

TABLES = {
    "plan": "every planned trial",
    "trials": "every planned trial and what became of it",
    "scores": "one row a trial, language, metric, selection and condition",
    "results": "`scores` with what is known of each trial",
    "predictions": "one row an example of a trial, language and condition",
    "deltas": "each cell minus its baseline, by language",
    "contrasts": "deltas and declared contrasts with their statistics",
    "languages": "family, script and corpus size of each language",
    "published": "scores of papers, with their sources",
}
"""What can be queried, and what a row is."""

_OF_NO_SWEEP = ("published",)
_LOCKS = ("enable_external_access = false", "lock_configuration = true")
"""No reading or writing of files, no network, no extensions, and none of this to be undone."""

_READING = ("select", "from", "with", "values", "table", "pivot", "unpivot", "describe", "show", "summarize")
"""What a statement that only reads begins with."""
_READING_TYPES = (duckdb.StatementType.SELECT, duckdb.StatementType.MULTI)
"""A PIVOT is several statements to DuckDB."""
_PATTERN_CHARACTERS = frozenset("*?[")
"""In a path, DuckDB takes them for a pattern of names."""


def run_query(stores: Sequence[NamedStore], sql: str) -> pa.Table:
    """Run one statement on the tables of stores; of several, each row says in `sweep` whose it is.

    Raises:
        QueryError: the statement is wrong, or asks for more than reading the tables.
        DamagedFileError: predictions, which are read as the statement needs them, cannot be read.
    """
    try:
        return _run_query(stores, sql, in_place=True)
    except QueryError as error:
        if "reading the stream registered as '_predictions_" in str(error):
            for named in stores:
                named.store.snapshot().check_predictions()
        if not any(_has_damaged_compact_file(named) for named in stores):
            raise
    return _run_query(stores, sql, in_place=False)


def filter_table(table: pa.Table, condition: str) -> pa.Table:
    """Keep the rows for which a SQL condition holds, in their order.

    Raises:
        QueryError: the condition is wrong.
    """
    with _connect() as connection:
        connection.register("rows", table)
        known = f"The columns are {', '.join(table.column_names)}"
        return _fetch(connection, f"SELECT * FROM rows WHERE ({condition}\n)", known)


@contextmanager
def _connect(readable: Collection[str] = ()) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that reaches nothing but some files."""
    # Names in the SQL are never looked up among Python variables.
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        connection.execute(f"SET allowed_paths = [{', '.join(_quote(path) for path in readable)}]")
        for lock in _LOCKS:
            connection.execute(f"SET {lock}")
        yield connection


def _run_query(stores: Sequence[NamedStore], sql: str, *, in_place: bool) -> pa.Table:
    words = set(re.findall(r"\w+", sql.lower()))
    named = [name for name in TABLES if name in words]
    snapshots = [one.store.snapshot() for one in stores]
    paths = [_compact_path(snapshot) for snapshot in snapshots] if in_place else [None] * len(stores)
    with _connect([path for path in paths if path]) as connection:
        if _check_only_reads(connection, sql) == "show":
            return pa.table({"table": list(TABLES), "a_row_is": list(TABLES.values())})
        for name in named:
            parts = []
            for place, one in enumerate(stores):
                source = _view_table(connection, name, one, snapshots[place], f"_{name}_{place}", paths[place])
                sweep = f"{_quote(one.name)} AS sweep, " if len(stores) > 1 and name not in _OF_NO_SWEEP else ""
                parts.append(f"SELECT {sweep}* FROM {source}")
            parts = parts[:1] if name in _OF_NO_SWEEP else parts
            connection.execute(f"CREATE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")
        columns = [f"  {name}: {', '.join(connection.table(name).columns)}" for name in named]
        return _fetch(connection, sql, "\n".join([f"The tables are {', '.join(TABLES)}.", *columns]))


def _view_table(
    connection: duckdb.DuckDBPyConnection, name: str, one: NamedStore, snapshot: Snapshot, own: str, path: str | None
) -> str:
    """Make a table of a store known to DuckDB; give what stands for it behind FROM."""
    match name:
        case "scores":
            return _view_scores(connection, snapshot, own, path)
        case "results":
            scores = _view_scores(connection, snapshot, f"{own}_scores", path)
            connection.register(f"{own}_trials", snapshot.trials)
            labels = "t.* EXCLUDE (trial_id) RENAME (reason AS trial_reason)"
            return f"(SELECT s.*, {labels} FROM {scores} s LEFT JOIN {own}_trials t USING (trial_id))"
        case "contrasts":
            connection.register(own, one.store.contrasts())
        case "published":
            from results.published import read_published

            connection.register(own, read_published())
        case _:
            connection.register(own, getattr(snapshot, name))
    return own


def _view_scores(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, own: str, path: str | None) -> str:
    """Let DuckDB read the compact file itself, as fast as it can and without holding all rows in memory."""
    scan = snapshot.score_scan if path else None
    if scan is None or scan.compact is None:
        connection.register(own, scan.fresh if scan else snapshot.scores)
        return own
    connection.register(f"{own}_fresh", scan.fresh)
    outdated = ", ".join(_quote(trial_of(name)) for name in scan.outdated)
    kept = f" WHERE trial_id NOT IN ({outdated})" if outdated else ""
    compact = f"FROM read_parquet({_quote(path or '')}){kept}"
    return f"({compact} UNION ALL FROM {own}_fresh)" if scan.fresh.num_rows else f"({compact})"


def _compact_path(snapshot: Snapshot) -> str | None:
    """Path of the compact file of scores, where DuckDB can read it by itself."""
    if snapshot.storage.local_folder is None:
        return None
    path = str((snapshot.storage.local_folder / compact_name("scores")).resolve())
    return None if _PATTERN_CHARACTERS.intersection(path) else path


def _has_damaged_compact_file(one: NamedStore) -> bool:
    """Tell whether DuckDB may have stumbled over a page that is not as it was written."""
    with suppress(FileNotFoundError):
        try:
            read_table(one.store.storage, compact_name("scores"))
        except DamagedFileError:
            return True
    return False


def _check_only_reads(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Refuse what is more than reading, before anything is run; give the word that it begins with.

    Raises:
        QueryError: it is, or is no SQL.
    """
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(f"{_first_sentence(error)}\nThe tables are {', '.join(TABLES)}.") from error
    words = [sql[start:] for start, kind in duckdb.tokenize(sql) if kind != duckdb.token_type.comment]
    first = next((match[0].lower() for text in words if (match := re.match(r"\w+", text))), "")
    if len(statements) != 1 or statements[0].type not in _READING_TYPES or first not in _READING:
        what = (
            f"{len(statements)} statements" if len(statements) != 1 else f"a statement that begins with {first.upper()}"
        )
        raise QueryError(
            f"given is {what}; a query is one SELECT (or WITH, FROM, VALUES, PIVOT, DESCRIBE, SHOW, SUMMARIZE). It "
            "reads the tables of the store, no files, no network, no settings, and changes nothing. "
            f"Try: SELECT cell, language, delta FROM deltas\nThe tables are {', '.join(TABLES)}."
        )
    return first


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str, known: str) -> pa.Table:
    try:
        table = connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(f"{_first_sentence(error)}\n{known}") from error
    return table.rename_columns(_distinct(table.column_names))


def _first_sentence(error: duckdb.Error) -> str:
    """What is wrong, without DuckDB's own hint, which lists its internal tables; ours lists what is there."""
    return str(error).partition("\nDid you mean")[0].partition("\nCandidate bindings")[0].strip()


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


def _quote(text: str) -> str:
    """As a string of SQL."""
    return "'" + text.replace("'", "''") + "'"
