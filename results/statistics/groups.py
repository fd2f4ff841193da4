"""Groups of languages: all, by resource band, family and script. In: the languages table. Out: units to be tested."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa

from results.analysis import Unit
from results.schema import MACRO

_MIN_LANGUAGES = 2
_KINDS = {"band": "resource_band", "family": "family", "script": "script"}
"""Columns of the languages table by what stands before the colon in a group's name."""


@dataclass(frozen=True, kw_only=True)
class LanguageUnit:
    """Languages whose scores are averaged, each with the same weight."""

    kind: Unit
    name: str
    """A code, `macro`, or the name of a group: `band:low`, `family:Turkic`, `script:Cyrl`."""
    languages: tuple[str, ...]


def list_units(known: pa.Table, scored: Collection[str], source: str) -> tuple[LanguageUnit, ...]:
    """Give the units of the languages that are scored: their mean, the groups, each language.

    The source language is in no mean: transfer is what is asked about. A group has two languages at least.

    Args:
        known: `schema.LANGUAGES`.
        scored: codes; their order does not matter.
        source: code of the source language.
    """
    others = tuple(sorted(set(scored) - {source}))
    units = [LanguageUnit(kind="macro", name=MACRO, languages=others)] if others else []
    units += [
        LanguageUnit(kind="group", name=name, languages=languages)
        for name, languages in _group_languages(known, others).items()
    ]
    single = [source, *others] if source in scored else others
    return (*units, *(LanguageUnit(kind="language", name=code, languages=(code,)) for code in single))


def _group_languages(known: pa.Table, others: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    rows = {row["language"]: row for row in known.to_pylist()}
    for kind, column in _KINDS.items():
        for code in others:
            if (value := rows.get(code, {}).get(column)) is not None:
                groups.setdefault(f"{kind}:{value}", []).append(code)
    return {name: tuple(languages) for name, languages in groups.items() if len(languages) >= _MIN_LANGUAGES}
