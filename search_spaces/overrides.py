"""`--set key=value` on the command line. In: a document and assignments. Out: the document with them in it."""

from dataclasses import replace
from difflib import get_close_matches

from pydantic import JsonValue
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from search_spaces.axes import written_paths
from search_spaces.document import Document
from search_spaces.problems import Place, Problem, SpaceError, write_place
from search_spaces.settings import lay_over, nest
from search_spaces.space import SearchSpace
from xlt_core.spec import TrialSpec

_SECTIONS = ("base", "axes", "baseline", "search", "scheduler", "resources", "analysis")

_NAMED = ("search", "scheduler")
"""Sections that are a name, or a mapping of one name to its settings."""


def apply_override(document: Document, override: str, *, written: str = "") -> Document:
    """Set one dotted key: a trial's setting goes into the base, `axes.KEY` into the axes, `seeds` and so on to the top.

    Args:
        document: is left as it is.
        override: `key=value`.
        written: the option that messages name; none given: `--set` with the override.

    Raises:
        SpaceError: no `key=value`, an unknown key, or a setting that an axis varies.
    """
    origin = written or f"--set {override}"
    key, equals, text = override.partition("=")
    key = key.strip()
    if not equals or not key or not text.strip():
        raise _error(origin, "write key=value, for example  --set optim.num_steps=100")
    try:
        value: JsonValue = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise _error(origin, f"'{text}' is no YAML value; quote it") from error
    section, _, rest = key.partition(".")
    if section in TrialSpec.model_fields:
        section, rest = "base", key
    elif section not in SearchSpace.model_fields or (rest and section not in _SECTIONS):
        known = [*TrialSpec.model_fields, *SearchSpace.model_fields]
        nearest = get_close_matches(section, known, n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
        raise _error(origin, f"unknown key '{key}'{hint} Allowed: {', '.join(known)}, and dotted keys in them")
    if not rest:
        return _changed(document, (section,), {**document.values, section: value}, origin)
    settings = document.values.get(section) or {}
    if not isinstance(settings, dict):
        if section not in _NAMED:
            raise _error(origin, f"'{section}' is {settings!r} there, not a mapping")
        settings = {}  # its name alone: other settings take its place
    set_in = {"base": _set_in_base, "axes": _set_in_axes, **dict.fromkeys(_NAMED, _set_inside)}.get(section, _set_key)
    values = {**document.values, section: set_in(document, settings, rest, value, origin)}
    return _changed(document, (section, rest), values, origin)


def _set_key(
    _document: Document, settings: dict[str, JsonValue], key: str, value: JsonValue, _origin: str
) -> dict[str, JsonValue]:
    return {**settings, key: value}


def _set_inside(
    _document: Document, settings: dict[str, JsonValue], key: str, value: JsonValue, _origin: str
) -> dict[str, JsonValue]:
    return lay_over(settings, tuple(key.split(".")), value)


def _set_in_base(
    document: Document, settings: dict[str, JsonValue], key: str, value: JsonValue, origin: str
) -> dict[str, JsonValue]:
    axes = document.values.get("axes")
    for name, values in axes.items() if isinstance(axes, dict) else ():
        if key in {".".join((name, *path)) for path in written_paths(values)}:
            raise _error(origin, f"'{key}' is varied by the axis '{name}'; use  --set axes.{key}=[...]")
    path = tuple(key.split("."))
    changed = lay_over(nest(settings), path, value)
    found: JsonValue = changed
    for part in path:
        if not isinstance(found, dict) or part not in found:
            raise _error(origin, f"has no effect: in the base, '{key}' is under {found!r}")
        found = found[part]
    return changed


def _set_in_axes(
    _document: Document, settings: dict[str, JsonValue], key: str, value: JsonValue, _origin: str
) -> dict[str, JsonValue]:
    for name, values in settings.items():
        if key.startswith(name + ".") and isinstance(values, dict):
            inner = key.removeprefix(name + ".")
            return {**settings, name: lay_over(values, tuple(inner.split(".")), value)}
    return {**settings, key: value}


def _changed(document: Document, place: Place, values: dict[str, JsonValue], origin: str) -> Document:
    """The document with new values; what was written at `place` before is no longer where it comes from."""
    text = write_place(place)
    origins = {
        known: line for known, line in document.origins.items() if not known.startswith((text + ".", text + "["))
    }
    return replace(document, values=values, origins={**origins, text: origin})


def _error(origin: str, message: str) -> SpaceError:
    return SpaceError([Problem((), message)], lambda _: origin)
