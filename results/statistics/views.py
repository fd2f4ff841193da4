"""What `xlt results contrasts` shows: choose rows, then print them for people or write them for programs."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from results.analysis import Analysis
from results.errors import QueryError
from results.formats import open_console, resolve_format, write_output
from results.language_choice import keep_languages
from results.queries import filter_table
from results.schema import PENDING
from results.snapshot import Snapshot
from results.statistics.kept import load_contrasts
from results.statistics.listing import ROLES, print_contrasts
from results.store import ResultStore
from results.views import Choice, keep_values

_MAX_LISTED = 80
"""So many secondary rows are listed unasked."""


@dataclass(frozen=True, kw_only=True)
class ContrastChoice(Choice):
    """Which contrasts are shown; each by comma, none given: all."""

    family: str | None = None
    role: str | None = None
    unit: str | None = None


def show_contrasts(
    folder: Path | str, choice: ContrastChoice, form: str | None = None, output: Path | None = None
) -> None:
    """Show contrasts; people see exploratory ones only where these are asked for.

    Raises:
        QueryError: a value that no row has, or a condition that is wrong.
    """
    form = resolve_format(form, output)
    store = ResultStore.open(folder)
    analysis = Analysis.from_sweep(store.sweep)
    snapshot = store.snapshot()
    whole = load_contrasts(snapshot, analysis, include=choice.statuses)
    table = _keep(whole, choice, snapshot)
    if form != "table":
        write_output(table, form, output)
        return
    rows = table.to_pandas()
    shown = ROLES[:1] if (rows["role"] == ROLES[1]).sum() > _MAX_LISTED else ROLES[:2]
    is_narrow = any((choice.family, choice.role, choice.where, choice.language, choice.unit))
    with open_console(output) as console:
        print_contrasts(
            rows,
            analysis,
            ROLES if is_narrow else shown,
            console,
            num_pending=snapshot.trials["status"].to_pylist().count(PENDING),
            missing=sorted({one.name for one in analysis.contrasts} - set(whole["contrast"].to_pylist())),
        )
        console.print(f"All columns: xlt results contrasts {store.uri} --format csv", soft_wrap=True, highlight=False)


def _keep(table: pa.Table, choice: ContrastChoice, snapshot: Snapshot) -> pa.Table:
    for column in ("metric", "condition", "role", "unit"):
        table = keep_values(table, column, getattr(choice, column))
    table = keep_languages(table, choice.language, snapshot)
    table = table if choice.family is None else _keep_family(table, choice.family)
    return table if choice.where is None else filter_table(table, choice.where)


def _keep_family(table: pa.Table, wanted: str) -> pa.Table:
    """Keep a family by its name as it is in the rows, or as it was declared.

    Raises:
        QueryError: there is no such family.
    """
    names: list[str] = table["family"].unique().to_pylist()
    kept = [name for name in names if name == wanted or name.startswith((f"{wanted}: ", f"{wanted} ("))]
    if not kept:
        raise QueryError(f"no family '{wanted}' in these results; there are: {', '.join(names) or 'none yet'}")
    return table.filter(pc.is_in(table["family"], value_set=pa.array(kept, pa.string())))
