"""Find a space, read it, check every cell. In: a file or the name of a ready-made space. Out: `SearchSpace`."""

from collections.abc import Sequence
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from search_spaces.contrasts import plan_contrasts
from search_spaces.document import Document, read_document
from search_spaces.draws import planned_cells
from search_spaces.overrides import apply_override
from search_spaces.problems import Place, Problem, SpaceError, write_place
from search_spaces.space import SearchSpace
from search_spaces.validation import explain_error
from xlt_core.errors import SpecError


def load_space(path_or_name: str | Path, overrides: Sequence[str] = ()) -> SearchSpace:
    """Read a space from a YAML file or from the ready-made ones, and check every cell of it.

    Args:
        path_or_name: a file, or a name from `list_spaces`.
        overrides: `key=value` each; a setting of the base, or `axes.KEY`, `seeds`, `resources.KEY`, ...

    Raises:
        SpecError: no such space.
        SpaceError: what is wrong, each with file, line and key.
    """
    document = _read_space(path_or_name)
    for override in overrides:
        document = apply_override(document, override)
    return check_document(document)


def check_document(document: Document) -> SearchSpace:
    """Read a space from a document, and check every cell of it.

    Raises:
        SpaceError: what is wrong, each with file, line and key.
    """
    space = _parse_space(document)
    try:
        planned_cells(space)
        plan_contrasts(space)
    except SpaceError as error:
        raise SpaceError(error.problems, document.origin_of) from error
    return space


def list_spaces() -> dict[str, str]:
    """Name the ready-made spaces, each with its description."""
    return {name: _describe(name) for name in _ready_made_names()}


def _ready_made_names() -> list[str]:
    names = (entry.name for entry in files("search_spaces").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def _describe(name: str) -> str:
    return str(_read_space(name).values.get("description", ""))


def _read_space(path_or_name: str | Path) -> Document:
    """Read a space's document; a first line that is a comment is its description, if it gives none."""
    text = _read_text(path_or_name)
    document = read_document(text, str(path_or_name))
    first_line = text.partition("\n")[0]
    if first_line.startswith("#"):
        document.values.setdefault("description", first_line.lstrip("# ").rstrip())
    return document


def _read_text(path_or_name: str | Path) -> str:
    """Read a ready-made space, or a file.

    Raises:
        SpecError: there is neither, or the file is no UTF-8 text.
    """
    names = _ready_made_names()
    if str(path_or_name) in names:
        return files("search_spaces").joinpath(f"{path_or_name}.yaml").read_text(encoding="utf-8")
    try:
        return Path(path_or_name).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"{path_or_name}: no UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        nearest = get_close_matches(str(path_or_name), names, n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
        reason = error.strerror or str(error)
        raise SpecError(
            f"no space '{path_or_name}' ({reason}){hint} "
            f"Give a YAML file, or the name of a ready-made space: {', '.join(names)}"
        ) from error


def _parse_space(document: Document) -> SearchSpace:
    try:
        return SearchSpace.model_validate(document.values)
    except ValidationError as error:
        problems = []
        for detail in error.errors():
            place = _written_part(detail["loc"], document)
            problems.append(Problem(place, explain_error(detail, SearchSpace, write_place(place)).message))
        raise SpaceError(problems, document.origin_of) from error


def _written_part(loc: Place, document: Document) -> Place:
    """Leave pydantic's own words out of an error's location: keep what the document holds, or may hold."""
    held: object = document.values
    written: list[str | int] = []
    for part in loc:
        if (isinstance(held, dict) and part in held) or (isinstance(held, list) and isinstance(part, int)):
            held = held[part]  # type: ignore[index]
            written.append(part)
    return tuple(written) or loc
