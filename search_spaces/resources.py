"""What a trial may use of the machines, for all trials or by their settings. Never part of an identity.

In: plain YAML or JSON values. Out: a frozen `Resources`; `of_trial` gives what one trial may use.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, Field, JsonValue

from search_spaces.settings import SettingPath
from search_spaces.validation import setting_paths
from xlt_core.recipe import EncoderSpec
from xlt_core.settings import Count, NonNegative, Positive, Settings
from xlt_core.spec import TrialSpec


def _whole_above_one(value: float) -> float:
    if value > 1 and not value.is_integer():
        raise ValueError(f"given {value:g} for 'gpu'; allowed: a share of one GPU (0.25), or whole GPUs (1, 2, ...)")
    return value


def _check_custom(amounts: dict[str, float]) -> dict[str, float]:
    for name in amounts:
        if name.lower() in ("cpu", "gpu", "memory", "object_store_memory"):
            raise ValueError(f"'{name}' is no resource of your own; give it as 'cpu' or 'gpu'")
    return amounts


def _check_match(match: dict[str, JsonValue]) -> dict[str, JsonValue]:
    known = setting_paths(TrialSpec)
    for path in _list_paths(match):
        if path not in known:
            nearest = get_close_matches(path, known, n=1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else "."
            raise ValueError(f"'{path}' is no setting of a trial{hint} Allowed: keys of 'base', dotted")
    return match


def _list_paths(match: Mapping[str, JsonValue], prefix: str = "") -> Iterator[str]:
    """Dotted keys of all settings that are named, those inside mappings too."""
    for key, value in match.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from _list_paths(value, f"{prefix}{key}.")


_LABEL = r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"  # what Ray takes, which is what Kubernetes takes
_LABEL_KEY = r"^([A-Za-z0-9.-]+/)?" + _LABEL[1:]

Gpus = Annotated[NonNegative, AfterValidator(_whole_above_one)]
Labels = dict[Annotated[str, Field(pattern=_LABEL_KEY)], Annotated[str, Field(pattern=_LABEL)]]
CustomResources = Annotated[dict[str, Positive], AfterValidator(_check_custom)]


class ResourceRule(Settings):
    """What trials of some settings may use; what is left out is as for all the others."""

    match: Annotated[dict[SettingPath, JsonValue], Field(min_length=1), AfterValidator(_check_match)]
    """Dotted key to value: it is for the trials that have all of these. Of a mapping, the keys that are given count."""
    cpu: Positive | None = None
    gpu: Gpus | None = None
    labels: Labels | None = None
    custom: CustomResources | None = None


class Resources(Settings):
    """What one trial may use. Never part of an identity."""

    cpu: Positive = 1.0
    """CPU cores of a trial, and threads that it computes with."""
    gpu: Gpus = 0.0
    """GPUs of a trial; a fraction lets several trials share one."""
    labels: Labels = Field(default_factory=dict)
    """Ray labels that a node must have, such as `ray.io/accelerator-type: H100`, or one of `ray start --labels`."""
    custom: CustomResources = Field(default_factory=dict)
    """Amounts of custom resources, as `ray start --resources` names them."""
    rules: tuple[ResourceRule, ...] = Field(default=(), strict=False)
    """What trials of some settings may use in place of this; the first that matches counts. A stage takes what the
    trial takes that it belongs to."""
    max_concurrent: Count | None = None
    """Trials at a time, those that train together counted as one; none given: as many as the machines hold."""
    micro_batch_size: Count | None = None
    """Training examples of a step in memory at one time, whose gradients are added up: for memory only. Gradients are
    the same up to rounding; where there is dropout, other masks are drawn. None given: all of a step."""
    keep_weights: bool = False
    """Keep each trial's trained model in the sweep's folder: it can be scored on more without being trained again."""

    def __hash__(self) -> int:
        """Equal resources are equal requests; mappings have no hash of their own."""
        return hash(self.model_dump_json())

    def of_trial(self, spec: TrialSpec) -> Self:
        """What a trial may use: the first rule that matches it, laid over the rest; free of rules."""
        rule = next((rule for rule in self.rules if _has_settings(spec, rule.match)), None)
        given = {} if rule is None else {key: value for key, value in rule if key != "match" and value is not None}
        return self.model_copy(update={**given, "rules": ()})


def _has_settings(spec: TrialSpec, match: Mapping[str, JsonValue]) -> bool:
    return all(_is_at(spec, path.split("."), value) for path, value in match.items())


def _is_at(settings: Any, path: list[str], wanted: JsonValue) -> bool:
    for key in path:
        if not isinstance(settings, BaseModel):
            return False
        settings = getattr(settings, key)
    return _is_given(settings, wanted)


def _is_given(value: Any, wanted: JsonValue) -> bool:
    """Compare a setting with one that is written in a space: `none` for nothing, an encoder by its source alone."""
    if isinstance(value, BaseModel):
        if isinstance(wanted, dict):
            return all(_is_at(value, [key], inner) for key, inner in wanted.items())
        return isinstance(value, EncoderSpec) and _is_given(value.source, wanted)
    if value is None:
        return wanted in (None, "none")
    if isinstance(value, str) and isinstance(wanted, str):  # a plan holds whole paths
        return value == wanted or value == str(FilePath(wanted).expanduser().resolve())
    if isinstance(value, tuple):
        return isinstance(wanted, list) and len(value) == len(wanted) and all(map(_is_given, value, wanted))
    return bool(value == wanted)
