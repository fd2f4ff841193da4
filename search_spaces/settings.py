"""Nested settings by dotted path. In: plain mappings. Out: new mappings; nothing is changed in place."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue


def _check_path(path: str) -> str:
    if not all(part.isidentifier() for part in path.split(".")):
        raise ValueError(f"'{path}' is no dotted key; write it like 'target.perturbation.magnitude'")
    if path == "seed":
        raise ValueError("seeds are no setting of a cell; give them as 'seeds', a number or a list")
    return path


SettingPath = Annotated[str, AfterValidator(_check_path)]
"""Dotted key of a trial's setting, such as `target.perturbation.magnitude`."""
Path = tuple[str, ...]
"""Keys of nested settings, such as `("target", "perturbation", "magnitude")`."""
NestedSettings = Mapping[str, JsonValue]


def lay_over(settings: NestedSettings, path: Path, value: JsonValue) -> dict[str, JsonValue]:
    """Give `settings` with `value` at `path`: a mapping is merged into what is there, all else replaces it.

    Where a key on the way holds no mapping (`intermediate: none`), the deeper key has no meaning and nothing changes.
    """
    key, *rest = path
    present = _as_mapping(key, settings.get(key))
    if rest:
        if present is None and key in settings:
            return dict(settings)
        return {**settings, key: lay_over(present or {}, tuple(rest), value)}
    if isinstance(value, dict):
        merged: dict[str, JsonValue] = dict(present or {})
        for inner, inner_value in value.items():
            merged = lay_over(merged, (inner,), inner_value)
        return {**settings, key: merged}
    return {**settings, key: value}


def _as_mapping(key: str, value: JsonValue) -> NestedSettings | None:
    if key == "encoder" and isinstance(value, str):
        return {"source": value}  # a bare string is an encoder's source
    return value if isinstance(value, dict) else None


def nest(settings: NestedSettings) -> dict[str, JsonValue]:
    """Turn dotted keys into nested ones; a longer key is laid over a shorter one."""
    nested: dict[str, JsonValue] = {}
    for key in sorted(settings):
        nested = lay_over(nested, tuple(key.split(".")), settings[key])
    return nested
