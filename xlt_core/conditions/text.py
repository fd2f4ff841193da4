"""Conditions that change the texts of a test set before they are tokenised; labels and ids stay."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xlt_core.conditions.base import Condition, TestSets, View
from xlt_core.conditions.spec import CodeSwitchSpec, SynonymsSpec, TyposSpec, WordDropSpec, WordSwapSpec
from xlt_core.edits.base import Edit
from xlt_core.edits.candidates import read_neighbors, read_word_list
from xlt_core.edits.substitution import Substitution, WordLookup
from xlt_core.edits.switching import CodeSwitch
from xlt_core.edits.typos import Typos
from xlt_core.edits.words import WordDrop, WordSwap


class TextCondition(Condition):
    """An edit, laid over every language's texts."""

    def __init__(self, spec: Any) -> None:
        """See `Condition`."""
        super().__init__(spec)
        self.edit = self.build_edit(spec)

    @abstractmethod
    def build_edit(self, spec: Any) -> Edit:
        """The edit that the settings mean."""

    def identity(self) -> dict[str, Any]:
        """The edit's."""
        return {"kind": self.spec.kind, **self.edit.identity()}

    def views(self, sets: TestSets) -> Iterator[View]:
        """Every language, edited."""
        return (View(language=language, edit=self.edit) for language in sets.languages)


class TyposCondition(TextCondition):
    """Typing errors."""

    def build_edit(self, spec: TyposSpec) -> Edit:
        """See `Typos`."""
        return Typos(share=spec.share, seed=spec.seed)


class WordDropCondition(TextCondition):
    """Words left out."""

    def build_edit(self, spec: WordDropSpec) -> Edit:
        """See `WordDrop`."""
        return WordDrop(share=spec.share, seed=spec.seed)


class WordSwapCondition(TextCondition):
    """Neighbouring words swapped."""

    def build_edit(self, spec: WordSwapSpec) -> Edit:
        """See `WordSwap`."""
        return WordSwap(share=spec.share, seed=spec.seed)


class SynonymsCondition(TextCondition):
    """Words exchanged for synonyms."""

    def build_edit(self, spec: SynonymsSpec) -> Edit:
        """See `Substitution`."""
        return Substitution(
            neighbors=read_neighbors(Path(spec.neighbors)),
            seed=spec.seed,
            share=spec.share,
            lookup=WordLookup(match_capitalized=spec.match_capitalized, strip_punctuation=spec.strip_punctuation),
        )


class CodeSwitchCondition(TextCondition):
    """Words replaced by translations."""

    def build_edit(self, spec: CodeSwitchSpec) -> Edit:
        """See `CodeSwitch`."""
        return CodeSwitch(
            word_list=read_word_list(Path(spec.word_list)),
            seed=spec.seed,
            share=spec.share,
            lookup=WordLookup(match_capitalized=spec.match_capitalized, strip_punctuation=spec.strip_punctuation),
        )
