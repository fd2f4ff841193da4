"""Short names for cells: only what varies, in a person's words. In: canonical specs. Out: a `CellName` each.

Two cells that differ have different labels: a setting that both read and that differs is in both. A perturbation's
settings are compared among cells of one method, since every method has defaults of its own.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from xlt_core.conditions.spec import ConditionSettings
from xlt_core.difficulty import list_scorer_settings
from xlt_core.perturbations.spec import PerturbationSpec, find_read_fields
from xlt_core.spec import TrialSpec

_ONE_PHRASE = ("target.perturbation", "intermediate")
"""Settings under these keys are written as one phrase."""

_PERTURBATIONS = ("target.perturbation", "intermediate.perturbation")
_FIELDS_OF_ALL_METHODS = ("method", "magnitude")
_ALWAYS_TOLD = ("encoder", "intermediate")


class CellName(NamedTuple):
    """How a cell differs from the others of its space."""

    label: str
    varied: dict[str, Any]
    """Dotted key to JSON value, for the settings that vary and that this cell reads."""


def name_cells(specs: Sequence[TrialSpec]) -> list[CellName]:
    """Name canonical specs that all differ; a spec alone is named `base`."""
    cells = [_read_settings(spec) for spec in specs]
    values = _gather_values(cells)
    following = _find_following_target(cells)
    repeated = {key for key in set().union(*cells) if _follows_optim(key, cells)}
    names = []
    for cell in cells:
        varied = {
            key: value
            for key, value in cell.items()
            if len(values[_compared_among(key, cell)]) > 1 and key not in repeated
        }
        told = {key: value for key, value in varied.items() if _compared_among(key, cell) not in following}
        names.append(CellName(label=_write_label(told), varied=varied))
    return names


def _gather_values(cells: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], set[str]]:
    """The values of every setting, apart for what is compared apart."""
    values: dict[tuple[str, ...], set[str]] = {}
    for cell in cells:
        for key, value in cell.items():
            values.setdefault(_compared_among(key, cell), set()).add(repr(value))
        for prefix in _PERTURBATIONS:
            if f"{prefix}.method" in cell and f"{prefix}.magnitude" not in cell:
                # Its method alone tells it from plain training, which is named by its magnitude alone.
                for field in _FIELDS_OF_ALL_METHODS:
                    values.setdefault((f"{prefix}.{field}",), set()).add("absent")
        for stage in ("target", "intermediate"):
            measure = f"{stage}.difficulty.scorer.measure"
            if cell.get(f"{stage}.dose") is not None and measure not in cell:
                values.setdefault((measure,), set()).add("absent")  # the task itself knows how hard its examples are
    return values


def _find_following_target(cells: Sequence[Mapping[str, Any]]) -> set[tuple[str, ...]]:
    """Settings that are known with the target task, such as its data and its number of steps: no part of a label."""
    values: dict[tuple[str, ...], dict[str, set[str]]] = {}
    if len({cell["target"] for cell in cells}) == 1:
        return set()
    for cell in cells:
        for key, value in cell.items():
            field = key.rpartition(".")[2]
            if key != "target" and not key.startswith(_ALWAYS_TOLD) and field not in _FIELDS_OF_ALL_METHODS:
                by_target = values.setdefault(_compared_among(key, cell), {})
                by_target.setdefault(cell["target"], set()).add(repr(value))
    return {key for key, by_target in values.items() if all(len(found) == 1 for found in by_target.values())}


def _compared_among(key: str, cell: Mapping[str, Any]) -> tuple[str, ...]:
    """Which values a setting's are compared with: a perturbation's with those under the same method."""
    prefix, _, field = key.rpartition(".")
    if prefix in _PERTURBATIONS and field not in _FIELDS_OF_ALL_METHODS:
        return key, cell[f"{prefix}.method"]
    return (key,)


def _read_settings(spec: TrialSpec) -> dict[str, Any]:
    """Flatten a canonical spec to the settings that its trial reads; a stage is named by its task."""
    settings = spec.model_dump(mode="json", exclude={"seed": True, "target": {"optim"}})
    settings["evaluation"]["conditions"] = [_name_condition(condition) for condition in spec.evaluation.conditions]
    for name, stage in (("target", spec.target), ("intermediate", spec.intermediate)):
        if stage is not None:
            settings[name]["perturbation"] = _read_perturbation(stage.perturbation)
            for scorer in ("scorer", "independent"):
                if settings[name]["difficulty"] and settings[name]["difficulty"][scorer]:
                    settings[name]["difficulty"][scorer] = _read_scorer(settings[name]["difficulty"][scorer])
    flat = _flatten(settings, "")
    renamed = {"encoder.source": "encoder", "target.task": "target", "intermediate.task": "intermediate"}
    cell = {renamed.get(key, key): value for key, value in flat.items()}
    if spec.intermediate is None:
        del cell["intermediate_seed"]
        cell["intermediate"] = "none"
    return cell


def _read_perturbation(perturbation: PerturbationSpec) -> dict[str, Any]:
    return {name: getattr(perturbation, name) for name in find_read_fields(perturbation)} or {"magnitude": 0.0}


def _read_scorer(scorer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scorer.items() if name in list_scorer_settings(scorer["measure"])}


def _name_condition(condition: ConditionSettings) -> str:
    """Name a condition and what its name leaves out: whole paths, and languages chosen among those that are scored."""
    files = [str(getattr(condition, field)) for field in condition.file_fields]
    chosen = [] if files else ["+".join(condition.chosen_languages or ())]
    return " ".join(filter(None, [condition.name, *files, *chosen]))


def _flatten(settings: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _follows_optim(key: str, cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a setting of the intermediate stage's recipe is everywhere the trial's, which is named already."""
    trial_key = key.removeprefix("intermediate.")
    if not key.startswith("intermediate.optim."):
        return False
    return all(cell[key] == cell[trial_key] for cell in cells if key in cell)


def _write_label(varied: Mapping[str, Any]) -> str:
    phrases = []
    for phrase, keys in groupby(varied, key=_phrase_of):
        words = [_write_setting(key, varied[key]) for key in keys]
        if phrase == "intermediate" and "intermediate" not in varied:
            words.insert(0, "intermediate")
        phrases.append(" ".join(words))
    return " · ".join(phrases) or "base"


def _phrase_of(key: str) -> str:
    return next((phrase for phrase in _ONE_PHRASE if key == phrase or key.startswith(phrase + ".")), key)


def _write_setting(key: str, value: Any) -> str:
    name = key.rpartition(".")[2]
    if name == "dose" and value is None:
        return "own mix"
    names_itself = name == "method" or (name == "dose" and isinstance(value, str))  # such as `random`
    return _write_value(value) if names_itself else f"{name} {_write_value(value)}"


def _write_value(value: Any) -> str:
    if value is None:
        return "default"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dict):
        return " ".join(f"{key} {_write_value(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "(" + ", ".join(_write_value(item) for item in value) + ")" if value else "none"
    return str(value)
