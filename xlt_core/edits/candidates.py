"""Files that say which words may stand for a word. In: a path. Out: `Candidates`, checked.

Two formats: JSON, a word to a list of words (synonyms); and two words a line, parted by a space or a tab, where several
lines with one first word give it several candidates (bilingual lists as MUSE has them, Conneau et al. 2018).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlt_core.canonical import file_digest
from xlt_core.data.readers.lines import read_lines
from xlt_core.errors import DataError

_MAX_QUOTED = 80


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Words that may stand for each word."""

    words: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Words without any candidate may be left out."""
    digest: str
    """SHA-256 of the file."""


def read_neighbors(path: Path) -> Candidates:
    """Read a JSON file that maps a word to the list of its neighbours, which may be empty.

    Raises:
        DataError: missing, not JSON, not of that form, or no word has a neighbour; names file and reason.
    """
    text = "\n".join(read_lines(path))
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}, line {error.lineno}: not JSON ({error.msg}); neighbours are one object, word to list of words"
        ) from error
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: the file holds a JSON {_name_type(content)}; "
            'neighbours are an object such as {"film": ["movie", "cinema"]}'
        )
    for word, neighbors in content.items():
        if not isinstance(neighbors, list) or not all(isinstance(each, str) and each.strip() for each in neighbors):
            raise DataError(
                f"{path}: the neighbours of {_quote(word)} are {_quote(neighbors)}; they must be a list of words"
            )
    return _check_filled(path, {word: tuple(neighbors) for word, neighbors in content.items() if neighbors})


def read_word_list(path: Path) -> Candidates:
    """Read a bilingual list: on each line a word and its translation, parted by spaces or tabs.

    Raises:
        DataError: missing, not UTF-8, or a line that is not two words; names file, line and reason.
    """
    words: dict[str, list[str]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        # At a tab only, where there is one: translations of several words then stay whole.
        entry = (
            [part.strip() for part in line.split("\t")] if "\t" in line else [part for part in line.split(" ") if part]
        )
        if len(entry) != 2 or not all(entry):
            raise DataError(
                f"{path}, line {number}: {_quote(line)} is not two words; each line is a word, a space or a tab, "
                "and its translation"
            )
        translations = words.setdefault(entry[0], [])
        if entry[1] not in translations:
            translations.append(entry[1])
    return _check_filled(path, {word: tuple(translations) for word, translations in words.items()})


def _check_filled(path: Path, words: dict[str, tuple[str, ...]]) -> Candidates:
    if not words:
        raise DataError(f"{path}: no word has a candidate, so that no text could change; give another file")
    return Candidates(words=words, digest=file_digest(path))


def _quote(given: Any) -> str:
    """What a file holds, for a message; a file of another format may be one long line."""
    quoted = repr(given)
    return quoted if len(quoted) <= _MAX_QUOTED else f"{quoted[:_MAX_QUOTED]}..."


def _name_type(value: Any) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
