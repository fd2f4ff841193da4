"""More is asked of a sweep: seeds, values, languages, conditions; never less.

In: its space, and changes. Out: the space as it is to be from now on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from search_spaces.document import Document
from search_spaces.growth import Languages, check_grows, read_evaluation, unite_languages
from search_spaces.loading import check_document
from search_spaces.overrides import apply_override
from search_spaces.settings import nest
from search_spaces.space import SearchSpace
from xlt_core.errors import SpecError
from xlt_core.settings import LANGUAGE_SETS
from xlt_core.spec import EvaluationSpec


@dataclass(frozen=True, kw_only=True)
class SpaceChanges:
    """What is asked for beside what a space asks for already."""

    seeds: int | None = None
    """How many in all."""
    overrides: tuple[str, ...] = ()
    """`KEY=VALUE`, as `--set` takes them."""
    axes: tuple[str, ...] = ()
    """`KEY=V1,V2`: more values of an axis."""
    languages: str | None = None
    """By comma: all of them, or with a plus in front those that are new."""
    conditions: str | None = None
    """YAML, or names by comma: all of them, or with a plus in front those that are new."""


def extend_space(held: SearchSpace, changes: SpaceChanges, file: str) -> SearchSpace:
    """Change a space so that it asks for more.

    Args:
        held: what the sweep was asked for until now.
        changes: to it.
        file: where `held` was read, for messages.

    Raises:
        SpecError: it would ask for less than before, or for something else; or a change cannot be read.
        SpaceError: the changed space is wrong.
    """
    document = Document(values=held.model_dump(mode="json"), file=file)
    for override in changes.overrides:
        document = apply_override(document, override)
    if changes.seeds is not None:
        document = apply_override(document, f"seeds={changes.seeds}", written=f"--seeds {changes.seeds}")
    for axis in changes.axes:
        document = apply_override(document, _add_values(document, axis), written=f"--axis {axis}")
    scored = read_evaluation(held)
    if changes.languages is not None:
        languages = _read_languages(changes.languages, scored.languages, held)
        written = f"--languages {changes.languages}"
        document = apply_override(document, f"evaluation.languages={json.dumps(languages)}", written=written)
    if changes.conditions is not None:
        conditions = _read_conditions(changes.conditions, scored)
        written = f"--conditions {changes.conditions}"
        document = apply_override(document, f"evaluation.conditions={json.dumps(conditions)}", written=written)
    space = check_document(document)
    check_grows(held, space)
    return space


def _add_values(document: Document, text: str) -> str:
    """Write `--axis KEY=V1,V2` as an override: the values that the axis has, and those that are new."""
    key, equals, listed = (part.strip() for part in text.partition("="))
    if not equals or not key or not listed:
        raise SpecError(
            f"--axis {text}: write KEY=VALUE,VALUE, for example  --axis target.perturbation.magnitude=0.3,1"
        )
    key = key.removeprefix("axes.")
    new = _load_yaml(f"[{listed}]", f"--axis {text}")
    held = _find_axis(document.values.get("axes"), key)
    if held is None:
        base = document.values.get("base")
        present = _find_setting(nest(base) if isinstance(base, dict) else {}, key)
        if present is None:
            raise SpecError(
                f"--axis {key}: no axis of this space, and the base does not say what it is now, which has to stay "
                f"among the values. Write them all:  --set 'axes.{key}=[NOW, {listed}]'"
            )
        held = [present]
    if not isinstance(held, list):
        held = [held]
    added = [value for value in new if value not in held]
    return f"axes.{key}={json.dumps([*held, *added])}"


def _find_axis(axes: JsonValue, key: str) -> JsonValue:
    """The values of an axis, or of a key inside one; none: there is no such axis."""
    for name, values in axes.items() if isinstance(axes, dict) else ():
        if name == key:
            if isinstance(values, dict):
                inner = ", ".join(f"{name}.{written}" for written in values)
                raise SpecError(f"--axis {key}: the axis is a mapping; give one of its keys: {inner}")
            return values
        if not key.startswith(f"{name}."):
            continue
        if not isinstance(values, dict):
            raise SpecError(
                f"--axis {key}: the axis '{name}' is a list of whole settings; write it anew, with all that it holds: "
                f" --set 'axes.{name}={json.dumps(values)}'"
            )
        return _find_setting(values, key.removeprefix(f"{name}."))
    return None


def _find_setting(settings: Mapping[str, JsonValue], key: str) -> JsonValue:
    found: JsonValue = dict(settings)
    for part in key.split("."):
        if not isinstance(found, dict) or part not in found:
            return None
        found = found[part]
    return found


def _read_languages(text: str, held: Languages, space: SearchSpace) -> JsonValue:
    names = tuple(name.strip() for name in text.removeprefix("+").split(",") if name.strip())
    asked: Languages = names[0] if len(names) == 1 and names[0] in LANGUAGE_SETS else names
    if not names:
        raise SpecError(f"--languages {text}: write codes by comma, such as  --languages +sw,ur")
    languages = unite_languages(held, asked, space) if text.startswith("+") else asked
    return languages if isinstance(languages, str) else list(languages)


def _read_conditions(text: str, held: EvaluationSpec) -> JsonValue:
    value = _load_yaml(text.removeprefix("+"), f"--conditions {text}")
    if isinstance(value, str):
        value = [name.strip() for name in value.split(",")]
    listed = value if isinstance(value, list) else [value]
    if not text.startswith("+"):
        return listed
    return [*(condition.model_dump(mode="json") for condition in held.conditions), *listed]


def _load_yaml(text: str, origin: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise SpecError(f"{origin}: no YAML; quote what has commas, brackets or colons in it") from error
