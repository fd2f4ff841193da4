"""What is known of the languages that a sweep scores. In: its planned trials. Out: rows of `results.schema.LANGUAGES`.

Light: no torch, no ray.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any

from sweeps.planning.plan import PlannedTrial
from xlt_core.languages import CC100_SOURCE, LANGUAGES
from xlt_core.tasks import load_task
from xlt_core.world.languages import LANGUAGES as WORLD_LANGUAGES
from xlt_core.world.languages import WorldLanguage

_CC100 = "GiB of CC-100"
_WORLD_CORPUS = "text of the embedded world, relative"
_WORLD = "world"
_SCRIPTS = {
    "LATIN": "Latn",
    "GEORGIAN": "Geor",
    "ETHIOPIC": "Ethi",
    "ARMENIAN": "Armn",
    "GREEK": "Grek",
    "CYRILLIC": "Cyrl",
    "DEVANAGARI": "Deva",
}
"""ISO 15924 by the first word of a letter's name in Unicode."""


def language_rows(trials: Iterable[PlannedTrial]) -> list[dict[str, Any]]:
    """List every language that a trial scores or trains in, in alphabetical order; of an unknown one only its code."""
    rows: dict[str, dict[str, Any]] = {}
    asked = {(trial.plan.spec.target.task, trial.plan.languages) for trial in trials}
    for name, languages in sorted(asked):
        task = load_task(name)
        for code in {*languages, task.source_language}:
            rows.setdefault(code, _world_row(code) if task.name == _WORLD else _row(code))
    return [rows[code] for code in sorted(rows)]


def _row(code: str) -> dict[str, Any]:
    known = LANGUAGES.get(code)
    if known is None:
        return {"language": code, "name": code}
    return {
        "language": code,
        "name": known.name,
        "family": known.family,
        "script": known.script,
        "corpus_size": known.cc100_gib,
        "corpus_unit": _CC100,
        "resource_band": known.resource_band,
        "source": CC100_SOURCE,
    }


def _world_row(code: str) -> dict[str, Any]:
    language = next((one for one in WORLD_LANGUAGES if one.code == code), None)
    if language is None:
        return {"language": code, "name": code}
    return {
        "language": code,
        "name": code,
        "family": "kin of the source" if language.overlap else code.partition("-")[0],
        "script": _SCRIPTS[unicodedata.name(chr(language.first_letter)).partition(" ")[0]],
        "corpus_size": language.text_weight,
        "corpus_unit": _WORLD_CORPUS,
        "resource_band": _world_band(language),
        "source": "docs/embedded_world.md",
    }


def _world_band(language: WorldLanguage) -> str:
    """As much text as the source language's strangers of most text, half of it, or less."""
    if language.text_weight >= 1.0:
        return "high"
    return "mid" if language.text_weight >= 0.5 else "low"
