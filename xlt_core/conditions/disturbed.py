"""Conditions under which embeddings are disturbed while the model is scored: random noise, and attacks.

The disturbances are those of training (`xlt_core/perturbations/`). Noise is keyed by the condition's seed and the
example; attacks see the gold labels, so that they show the worst case and no transfer (`oracle:` in their names).
"""

from collections.abc import Iterator
from typing import Any

from xlt_core.conditions.base import Condition, TestSets, View
from xlt_core.perturbations import METHODS
from xlt_core.spec import DisturbanceSpec

VERSION = 2
"""Raised when the same settings disturb an evaluation differently; part of every identity."""


class DisturbedCondition(Condition):
    """Every language, its embeddings disturbed."""

    spec: DisturbanceSpec

    def identity(self) -> dict[str, Any]:
        """All settings: a canonical spec holds none that is not read."""
        return {
            "version": VERSION,
            "method_version": METHODS[self.spec.perturbation.method].version,
            **self.spec.model_dump(mode="json", exclude={"languages"}),
        }

    def views(self, sets: TestSets) -> Iterator[View]:
        """See `Condition`."""
        return (View(language=language, disturbance=self.spec) for language in sets.languages)


class NoiseCondition(DisturbedCondition):
    """Random noise."""


class AttackCondition(DisturbedCondition):
    """Gradient steps up the loss of the gold labels."""
