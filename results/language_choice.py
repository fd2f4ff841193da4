"""Which languages `--language` means: codes, and groups by what a store knows of its languages.

In: what was typed, the languages that rows have, the languages table. Out: codes.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from results.errors import QueryError
from results.snapshot import Snapshot

_BANDS = {
    "absent": ("absent",),
    "very-low": ("very low",),
    "low": ("low",),
    "mid": ("mid",),
    "high": ("high",),
    "low-resource": ("absent", "very low", "low"),
    "high-resource": ("mid", "high"),
}
"""Resource bands by the name of the group."""
_COLUMNS = {"band": "resource_band", "family": "family", "script": "script"}
"""Of the languages table, by what stands before the colon."""


def keep_languages(table: pa.Table, wanted: str | None, snapshot: Snapshot) -> pa.Table:
    """Keep the rows of the languages that are wanted; none given: all. Raises as `choose_languages`."""
    if wanted is None:
        return table
    chosen = choose_languages(wanted, table["language"].unique().to_pylist(), snapshot)
    return table.filter(pc.is_in(table["language"], value_set=pa.array(chosen, pa.string())))


def choose_languages(wanted: str, present: Iterable[str], snapshot: Snapshot) -> list[str]:
    """Say which of the languages present are wanted.

    Args:
        wanted: by comma, codes (or whatever else stands for a language in the rows, as `macro`), `low-resource` (less
            than 5 GiB of the pre-training corpus, or none), `high-resource`, a band (`absent`, `very-low`, `low`,
            `mid`, `high`), `family:Turkic`, `script:Cyrl`.
        present: what the rows have.
        snapshot: of their store.

    Raises:
        QueryError: a language that no row has, a group without languages, or a store that knows of no groups.
    """
    known = sorted(set(present))
    chosen: list[str] = []
    for item in (part.strip() for part in wanted.split(",")):
        if not item:
            continue
        if item in known:
            chosen.append(item)
        elif (group := _find_group(item)) is not None:
            chosen += _list_members(item, *group, known, snapshot)
        else:
            raise QueryError(
                f"no language '{item}' in these results; there are: {', '.join(known) or 'none yet'}. "
                f"Groups: {', '.join(_BANDS)}, family:NAME, script:CODE"
            )
    return list(dict.fromkeys(chosen))


def _find_group(item: str) -> tuple[str, tuple[str, ...]] | None:
    """Column of the languages table and the values of a group; none where that is no name of one."""
    kind, colon, value = item.partition(":")
    band = _BANDS.get((value if kind == "band" and colon else item).lower().replace(" ", "-"))
    if band is not None:
        return _COLUMNS["band"], band
    return (_COLUMNS[kind], (value,)) if colon and kind in _COLUMNS else None


def _list_members(item: str, column: str, values: tuple[str, ...], present: list[str], snapshot: Snapshot) -> list[str]:
    languages = snapshot.languages.select(["language", column]).to_pylist()
    if not languages:
        raise QueryError(
            f"'{item}' is a group, and {snapshot.uri} does not say what is known of its languages (its languages/ "
            "is missing, or an earlier version of xlt-sweeps wrote it). "
            f"Give codes ({', '.join(present)}), or let the sweep be planned again, which runs "
            "nothing that has finished: xlt sweep run SPACE --out DIR"
        )
    wanted = {value.lower() for value in values}
    groups = {row["language"]: row[column] for row in languages if row[column] is not None}
    members = [code for code in present if groups.get(code, "").lower() in wanted]
    if not members:
        found = sorted({groups[code] for code in present if code in groups})
        raise QueryError(
            f"no language of these results is in '{item}'; by {column.replace('_', ' ')} there are: "
            f"{', '.join(found) or 'none that is known'}"
        )
    return members
