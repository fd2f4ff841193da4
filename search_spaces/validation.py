"""Pydantic's findings in words. In: one entry of `ValidationError.errors()`. Out: the setting's path and a message."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from search_spaces.settings import Path


class Finding(NamedTuple):
    """What is wrong with one setting."""

    path: Path
    message: str


def explain_error(detail: ErrorDetails, model: type[BaseModel]) -> Finding:
    """Say what was given and what is allowed at one place of `model`."""
    path, owner = _settings_path(detail["loc"], model)
    key = ".".join(path)
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return Finding(path, f"unknown key '{path[-1]}'{_nearest(path[-1], owner.model_fields)}")
    if kind == "missing":
        return Finding(path, f"'{key}' is missing")
    if kind == "model_type":
        return Finding(path, f"given {given!r} for '{key}'; allowed: a mapping of {_write_names(owner.model_fields)}")
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "allowed:")
    if kind == "value_error":
        return Finding(path, message)
    return Finding(path, f"given {given!r} for '{key}'; {message[0].lower() + message[1:]}")


def _settings_path(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[Path, type[BaseModel]]:
    """Keep the part of an error's location that is keys of nested models, and the model that holds the last key."""
    path: list[str] = []
    owner = model
    for index, part in enumerate(loc):
        if not isinstance(part, str):
            break
        field = owner.model_fields.get(part)
        if field is None and index < len(loc) - 1:
            break  # pydantic's own words for a union's members, not a key
        path.append(part)
        inner = model_of(field.annotation) if field else None
        if inner is None:
            break
        owner = inner
    return tuple(path), owner


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Find the settings model in a field's annotation, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := model_of(inner))), None)


def _nearest(given: str, known: Mapping[str, Any]) -> str:
    nearest = get_close_matches(given, known, n=1)
    hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
    return f"{hint} Allowed: {_write_names(known)}"


def _write_names(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
