"""Pydantic's findings in words. In: one entry of `ValidationError.errors()`. Out: the setting's path and a message."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from search_spaces.settings import Path
from xlt_core.settings import FIELD_ERROR

_YAML_WORDS = {"a valid tuple": "a list", "a valid dictionary": "a mapping"}
"""Pydantic's, by which no YAML file is written."""


class Finding(NamedTuple):
    """What is wrong with one setting."""

    path: Path
    message: str


class _Place(NamedTuple):
    """A setting within a model."""

    path: Path
    owner: type[BaseModel]
    """Holds the last key of the path."""
    item: str
    """Kind of the item of a list that it belongs to; empty outside of lists of several kinds."""


def explain_error(detail: ErrorDetails, model: type[BaseModel], written_key: str = "") -> Finding:
    """Say what was given and what is allowed at one place of `model`, which the user may have written otherwise."""
    kind, given = detail["type"], detail["input"]
    path, owner, item = _settings_path(detail["loc"], model, is_unknown_key=kind == "extra_forbidden")
    of_item = f" of '{item}'" if item else ""
    key = f"'{written_key or '.'.join(path)}'{of_item}"
    if kind == FIELD_ERROR:
        return Finding((*path, detail["ctx"]["field"]), detail["msg"])
    if kind == "extra_forbidden":
        unknown = str(detail["loc"][-1])
        return Finding(path, f"unknown key '{unknown}'{_nearest(unknown, owner.model_fields)}")
    if kind == "missing":
        return Finding(path, f"'{'.'.join(path)}'{of_item} is missing")
    if kind == "model_type":
        return Finding(path, f"given {given!r} for {key}; allowed: a mapping of {_write_names(owner.model_fields)}")
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "allowed:")
    for python, yaml in _YAML_WORDS.items():
        message = message.replace(python, yaml)
    if kind == "value_error":
        return Finding(path, message)
    return Finding(path, f"given {given!r} for {key}; {message[0].lower() + message[1:]}")


def _settings_path(loc: tuple[int | str, ...], model: type[BaseModel], *, is_unknown_key: bool) -> _Place:
    """Keep the part of an error's location that is keys of nested models, and the model that holds the last key.

    An item of a list of models is at a number and, where there are several kinds of models, at the name of its kind.
    Only where the error is an unknown key is the last part a key that no model has.
    """
    path: list[str] = []
    owner, item = model, ""
    annotation: Any = model
    for index, part in enumerate(loc):
        if isinstance(part, int):
            continue
        variant = next((found for found in _models_in(annotation) if _is_variant(found, part)), None)
        if variant is not None:
            owner = annotation = variant
            item = part
            continue
        field = owner.model_fields.get(part)
        if field is None and path and part == owner.__name__:
            continue  # the one model among a union's members
        if field is None and (index < len(loc) - 1 or not is_unknown_key):
            break  # pydantic's own words for a union's members, not a key
        path.append(part)
        models = [] if field is None else list(_models_in(field.annotation))
        if field is None or not models:
            break
        annotation = field.annotation
        owner = models[0] if len(models) == 1 else model_of(annotation) or owner
    return _Place(tuple(path), owner, item)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Find the settings model in a field's annotation, if it holds one; a list of models is none."""
    return None if get_origin(annotation) in (list, tuple) else next(_models_in(annotation), None)


def setting_paths(model: type[BaseModel], prefix: str = "") -> list[str]:
    """List the dotted keys of a trial's settings, mappings included; the seed is no setting of a cell."""
    paths: list[str] = []
    for name, field in model.model_fields.items():
        if prefix or name != "seed":
            paths.append(prefix + name)
            inner = model_of(field.annotation)
            paths += setting_paths(inner, f"{prefix}{name}.") if inner else []
    return paths


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models_in(inner)


def _is_variant(model: type[BaseModel], kind: str) -> bool:
    """Whether `kind` is what tells this model apart from others in a union."""
    field = model.model_fields.get("kind")
    return field is not None and get_origin(field.annotation) is Literal and kind in get_args(field.annotation)


def _nearest(given: str, known: Mapping[str, Any]) -> str:
    nearest = get_close_matches(given, known, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
    return f"{hint} Allowed: {_write_names(known)}"


def _write_names(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
