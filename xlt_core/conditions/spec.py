"""Settings of the conditions that change texts, and what all conditions' settings share. In: JSON. Out: named specs.

A condition is the same disturbance in every trial and under every seed of a sweep, so that deltas under it are paired.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field

from xlt_core.conditions import CONDITIONS
from xlt_core.errors import UnknownNameError
from xlt_core.settings import LanguageSet, Seed, Settings, UnitInterval

AnyCondition = TypeVar("AnyCondition", bound="ConditionSettings")


class ConditionSettings(Settings):
    """Base of every condition's settings."""

    file_fields: ClassVar[tuple[str, ...]] = ()
    """Settings that name files."""

    kind: str

    @property
    def name(self) -> str:
        """Short name, unique within a trial: the condition's name in all tables."""
        return self.kind

    @property
    def is_clean(self) -> bool:
        """Whether nothing changes, because the size is 0."""
        return False

    @property
    def chosen_languages(self) -> tuple[str, ...] | None:
        """Languages it is for; none: all that are scored."""
        return None

    def canonical(self) -> "ConditionSettings":
        """The one spec that stands for all with the same meaning."""
        return CleanSpec() if self.is_clean else self

    def with_whole_paths(self) -> Self:
        """Files by their whole paths, so that a worker or a later resume finds them from wherever it runs."""
        whole = {field: str(Path(getattr(self, field)).expanduser().resolve()) for field in self.file_fields}
        return self.model_copy(update=whole)


class CleanSpec(ConditionSettings):
    """The test set as it is."""

    kind: Literal["clean"] = "clean"


class GeneralizedSpec(ConditionSettings):
    """Sentence 1 in one language, sentence 2 in another: all ordered pairs, a language with itself included."""

    kind: Literal["generalized"] = "generalized"
    languages: LanguageSet | None = None
    """Of both sentences; none given: all that are scored."""

    @property
    def chosen_languages(self) -> tuple[str, ...] | None:
        """See the base class."""
        return self.languages


class SharedSpec(ConditionSettings):
    """Base of the conditions under which a share of every text changes; share 0 is `clean`."""

    share: UnitInterval
    """Each kind says of what."""
    seed: Seed = 0
    """Of the disturbance; not the trial's."""

    @property
    def name(self) -> str:
        """Kind and share, then what is not the default."""
        return name_condition(self.kind, self.share, self.name_details, self.seed)

    @property
    def name_details(self) -> Mapping[str, Any]:
        """What the name holds beside kind, share and seed."""
        return {}

    @property
    def is_clean(self) -> bool:
        """At share 0."""
        return self.share == 0.0


class NoisyTextSpec(SharedSpec):
    """Base of the conditions that any language may be scored under."""

    languages: LanguageSet | None = None
    """To be scored under it; none given: all that are scored."""

    @property
    def chosen_languages(self) -> tuple[str, ...] | None:
        """See the base class."""
        return self.languages


class TyposSpec(NoisyTextSpec):
    """Typing errors (`xlt_core/edits/typos.py`)."""

    kind: Literal["typos"] = "typos"
    share: UnitInterval
    """Expected share of words with an error; of letters, in scripts written without spaces."""


class WordDropSpec(NoisyTextSpec):
    """Words left out (`xlt_core/edits/words.py`)."""

    kind: Literal["word_drop"] = "word_drop"
    share: UnitInterval
    """Expected share of words left out; of letters, in scripts written without spaces."""


class WordSwapSpec(NoisyTextSpec):
    """Neighbouring words swapped (`xlt_core/edits/words.py`)."""

    kind: Literal["word_swap"] = "word_swap"
    share: UnitInterval
    """Expected share of words that move; of letters, in scripts written without spaces."""


class _LookupSpec(SharedSpec):
    """Base of the conditions that look words of one language up in a file."""

    language: str = "en"
    """Of the words that the file is asked for: the one language that is scored under it."""

    @property
    def chosen_languages(self) -> tuple[str, ...] | None:
        """The file's language."""
        return (self.language,)


class SynonymsSpec(_LookupSpec):
    """Words exchanged for synonyms by the law of RS-DA (`xlt_core/edits/substitution.py`)."""

    file_fields: ClassVar[tuple[str, ...]] = ("neighbors",)
    kind: Literal["synonyms"] = "synonyms"
    neighbors: str = Field(min_length=1)
    """JSON file: word to list of synonyms."""
    share: UnitInterval = 1.0
    """Chance that a word is drawn from itself and its synonyms at all; 1 is the law of the released code."""
    match_capitalized: bool = False
    """Exchange capitalised words, too, by their lower-case entry."""
    strip_punctuation: bool = False
    """Exchange words with punctuation attached, too."""

    @property
    def name_details(self) -> Mapping[str, Any]:
        """The lookup, where it is not the released code's."""
        fields = ("match_capitalized", "strip_punctuation")
        return {field: True for field in fields if getattr(self, field)} | _name_language(self.language)


class CodeSwitchSpec(_LookupSpec):
    """Words replaced by translations (`xlt_core/edits/switching.py`)."""

    file_fields: ClassVar[tuple[str, ...]] = ("word_list",)
    kind: Literal["code_switch"] = "code_switch"
    word_list: str = Field(min_length=1)
    """Bilingual list: on each line a word of `language`, a space or a tab, and its translation (MUSE's format)."""
    share: UnitInterval
    """Chance that a word which the list knows is replaced."""
    match_capitalized: bool = True
    """Replace capitalised words, too, by their lower-case entry."""
    strip_punctuation: bool = True
    """Replace words with punctuation attached, too."""

    @property
    def name_details(self) -> Mapping[str, Any]:
        """The list's file name, since there are lists of many languages, and the lookup where it is not the usual."""
        fields = ("match_capitalized", "strip_punctuation")
        exact = {field: False for field in fields if not getattr(self, field)}
        return {"list": Path(self.word_list).stem} | exact | _name_language(self.language)


TextConditionSpec = (
    CleanSpec | GeneralizedSpec | TyposSpec | WordDropSpec | WordSwapSpec | SynonymsSpec | CodeSwitchSpec
)


def read_condition(value: Any) -> Any:
    """Understand a bare string as a condition without settings.

    Raises:
        ValueError: no such kind of condition.
    """
    condition = {"kind": value} if isinstance(value, str) else value
    if isinstance(condition, dict) and condition.get("kind") not in CONDITIONS:
        if "kind" not in condition:
            raise ValueError(f"condition {condition} has no 'kind'; allowed: {', '.join(CONDITIONS)}")
        raise ValueError(str(UnknownNameError("condition", str(condition["kind"]), CONDITIONS)))
    return condition


def name_condition(kind: str, size: float, details: Mapping[str, Any], seed: int) -> str:
    """Write a condition's name: `typos:0.1`, `noise:gaussian:0.3:site=last_hidden`."""
    shown = {**details, **({"seed": seed} if seed else {})}
    settings = (f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in shown.items())
    return ":".join([kind, f"{size:.12g}", *settings])


def settle_conditions(conditions: Iterable[AnyCondition]) -> tuple[AnyCondition, ...]:
    """Make conditions canonical: each once, `clean` first, the others by kind and name.

    Raises:
        ValueError: none at all, or two that differ have one name.
    """
    chosen: dict[str, AnyCondition] = {}
    for condition in conditions:
        settled: AnyCondition = condition.canonical()  # type: ignore[assignment]
        if chosen.setdefault(settled.name, settled) != settled:
            raise ValueError(
                f"two conditions have the name '{settled.name}' but differ: {chosen[settled.name].model_dump_json()} "
                f"and {settled.model_dump_json()}. Leave one out, or give it another seed"
            )
    if not chosen:
        raise ValueError("no condition to be scored under; allowed: 'clean', or a list of at least one condition")
    kinds = list(CONDITIONS)
    return tuple(sorted(chosen.values(), key=lambda condition: (kinds.index(condition.kind), condition.name)))


def _name_language(language: str) -> dict[str, str]:
    return {} if language == "en" else {"language": language}
