"""A YAML file as plain values, each with the line it was written on. In: text. Out: `Document`.

YAML 1.2: `none`, `no` and `on` are strings. Tags are refused, so that nothing but data is ever made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedBase, CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from search_spaces.problems import Place, Problem, SpaceError, write_place


@dataclass(frozen=True, kw_only=True)
class Document:
    """The mapping that a file holds."""

    values: dict[str, JsonValue]
    file: str
    """As the user named it."""
    origins: dict[str, str] = field(default_factory=dict)
    """Written place to `file:line`, or to the override that set it."""

    def origin_of(self, place: Place) -> str:
        """Name the file and line of a place, or of what it is in."""
        text = write_place(place)
        while text:
            if text in self.origins:
                return self.origins[text]
            text = text[: max(text.rfind("."), text.rfind("["), 0)]
        return self.file


def read_document(text: str, file: str) -> Document:
    """Read one YAML mapping.

    Raises:
        SpaceError: no YAML, no mapping, a key twice, a tag, a value that JSON does not have; names file and line.
    """
    loader = YAML(typ="rt", pure=True)
    try:
        node = loader.load(text)
    except DuplicateKeyError as error:
        raise _yaml_error(error, f"{error.problem or 'duplicate key'}; keep one of them", file) from error
    except MarkedYAMLError as error:
        raise _yaml_error(error, f"no YAML: {_write_yaml_problem(error)}", file) from error
    except YAMLError as error:
        raise _error(file, f"no YAML: {error}") from error
    if node is None:
        raise _error(file, "the file is empty; `xlt space schema` says what a space holds")
    if not isinstance(node, CommentedMap):
        raise _error(file, f"given a {_kind_of(node)}; a space is a mapping with 'name', 'base' and 'axes'")
    origins: dict[str, str] = {}
    values = _plain(node, (), origins, file)
    assert isinstance(values, dict)
    return Document(values=values, file=file, origins=origins)


def _plain(node: Any, place: Place, origins: dict[str, str], file: str) -> JsonValue:
    """Turn ruamel's node into plain values, noting the line of every key and item."""
    here = origins.get(write_place(place), file)
    if isinstance(node, CommentedBase) and node.tag.value is not None:
        raise _error(here, f"tag '{node.tag.value}' is not allowed; write plain values", place)
    if isinstance(node, CommentedMap):
        mapping: dict[str, JsonValue] = {}
        for key, value in node.items():
            if not isinstance(key, str):
                raise _error(_line_of(node, key, file), f"key {key!r} is no string; quote it", place)
            inner = (*place, key)
            origins[write_place(inner)] = _line_of(node, key, file)
            mapping[key] = _plain(value, inner, origins, file)
        return mapping
    if isinstance(node, CommentedSeq):
        items: list[JsonValue] = []
        for index, value in enumerate(node):
            origins[write_place((*place, index))] = f"{file}:{node.lc.item(index)[0] + 1}"
            items.append(_plain(value, (*place, index), origins, file))
        return items
    if node is None or isinstance(node, bool):
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)  # ruamel's own subclasses remember how a number was written
    raise _error(here, f"given a {_kind_of(node)}; quote it if a string is meant", place)


def _line_of(node: CommentedMap, key: Any, file: str) -> str:
    try:
        return f"{file}:{node.lc.key(key)[0] + 1}"
    except KeyError:  # a key that came by `<<`
        return f"{file}:{node.lc.line + 1}"


def _kind_of(node: Any) -> str:
    names: Mapping[str, str] = {"CommentedSeq": "list", "TimeStamp": "date", "ScalarFloat": "number", "int": "number"}
    name = type(node).__name__
    return names.get(name, "string" if isinstance(node, str) else name)


def _write_yaml_problem(error: MarkedYAMLError) -> str:
    problem = " ".join(part for part in (error.context, error.problem) if part)
    return problem + ("; indent with spaces, not tabs" if "'\\t'" in problem else "")


def _yaml_error(error: MarkedYAMLError, message: str, file: str) -> SpaceError:
    mark = error.problem_mark or error.context_mark
    return _error(f"{file}:{mark.line + 1}" if mark else file, message)


def _error(origin: str, message: str, place: Place = ()) -> SpaceError:
    return SpaceError([Problem(place, message)], lambda _: origin)
