"""The test sets as they are."""

from collections.abc import Iterator
from typing import Any

from xlt_core.conditions.base import Condition, TestSets, View


class CleanCondition(Condition):
    """No disturbance."""

    def identity(self) -> dict[str, Any]:
        """See `Condition`."""
        return {"kind": "clean"}

    def views(self, sets: TestSets) -> Iterator[View]:
        """Every language."""
        return (View(language=language) for language in sets.languages)
