"""Training on copies of the examples: with substituted words (RS-DA, Huang et al. 2021), and as they are, its control.

The copies are made once, before training, and their order is shuffled like that of any training data.
"""

from pathlib import Path

from torch import Tensor

from xlt_core.edits.base import Edit
from xlt_core.edits.copies import SynonymCopies
from xlt_core.edits.substitution import WordLookup
from xlt_core.errors import SpecError
from xlt_core.perturbations.base import Cost, Perturbation, ProbedLosses, Rows
from xlt_core.perturbations.step import TrainingStep
from xlt_core.streams import stream_seed


class Copies(Perturbation):
    """Plain training on `num_copies` unchanged copies in the order in which RS-DA sees its own: paired, row by row."""

    def cost(self) -> Cost:
        """Of plain training."""
        return Cost(1, 1, 1)

    def run(self, step: TrainingStep) -> Tensor:
        """Take the plain step."""
        return step.take_plain()


class RsDa(Copies):
    """RS-DA: plain training on copies whose words are drawn from themselves and their synonyms (released code).

    The magnitude is the chance that a word is drawn at all, a knob of ours; 1 is the released law. As there, the
    originals themselves are not trained on. An array's trials have training data of their own each.
    """

    def edit_examples(self, seed: int) -> Edit:
        """Substitute words by the stage's stream `augment`.

        Raises:
            SpecError: the trials of an array have other magnitudes, so that no one table is for all of them.
        """
        if len({spec.magnitude for spec in self.specs}) > 1:
            raise SpecError(
                f"'{self.spec.method}' makes training data of its own for every magnitude; make a table for each trial"
            )
        assert self.spec.neighbors is not None, "the spec refuses to be without"
        return SynonymCopies(
            neighbors=Path(self.spec.neighbors),
            num_copies=self.spec.num_copies,
            seed=stream_seed(seed, "augment"),
            share=self.spec.magnitude,
            lookup=WordLookup(
                match_capitalized=self.spec.match_capitalized, strip_punctuation=self.spec.strip_punctuation
            ),
        )

    def partner_rows(self, rows: Rows, num_examples: int, *, seed: int, step: int) -> Rows:
        """The originals, which follow the copies."""
        del seed, step
        return rows % num_examples + self.spec.num_copies * num_examples

    def probe(self, step: TrainingStep) -> ProbedLosses:
        """Of the originals, and of their copies."""
        assert step.partner is not None, "every copy has its original"
        original = step.loss(step.finish(step.reach(step.partner), step.partner), step.partner)
        return ProbedLosses(original, step.loss(step.finish(step.reach())))
