"""How an effect changes with the size of a language's corpus, in two stages: effects first, then a line over languages.

In: effects by language and seed block. Out: the line's level and slope, with errors that hold for other languages and
other seeds. Slopes as outcomes: Raudenbush and Bryk (2002, chapter 2).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

MIN_LANGUAGES = 4
"""With fewer, a line through them has one degree of freedom or none."""

METHOD = (
    "two stages: effects by language and seed, then least squares over languages; errors over languages and over seeds "
    "together, t with Satterthwaite's degrees of freedom, at most languages - 2"
)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Level (where the predictor is 0) and slope; arrays of shape (2,), or (1,) where there is no predictor.

    Errors and degrees of freedom are NaN with a single seed block.
    """

    estimates: Array
    errors: Array
    df: Array
    num_languages: int
    num_blocks: int

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """Ends of the interval."""
        half_width = stdtrit(self.df, 0.5 + level / 2) * self.errors
        return self.estimates - half_width, self.estimates + half_width

    def p_values(self) -> Array:
        """Two-sided, of Student's t; where the error is 0 and the estimate is, too: 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.abs(self.estimates / self.errors)
        return np.where((self.errors == 0) & (self.estimates == 0), 1.0, 2 * stdtr(self.df, -t))


def fit_line(effects: Array, predictor: Array | None) -> Line:
    """Fit a line over languages, and say how sure it is for other languages and other seeds.

    The error has two sources that both stay when the other is averaged away: languages that differ for reasons beside
    the predictor, and seeds whose noise grows with the predictor (a bad run is worse where little was learned). Its
    square is the sum of both, less what is counted in both: `V_languages + V_seeds - V_residual`, and never less than
    the larger of the two. With one block there is no error: what a single run does in all languages is not told apart
    from what the cell does.

    Args:
        effects: shape (languages, blocks).
        predictor: shape (languages,); none: the level alone.

    Raises:
        ValueError: fewer languages than the line needs.
    """
    num_languages, num_blocks = effects.shape
    columns = [np.ones(num_languages)] + ([] if predictor is None else [predictor])
    design = np.column_stack(columns)
    free = num_languages - design.shape[1]
    if free < 1:
        raise ValueError(f"{num_languages} languages are too few for {design.shape[1]} coefficients")
    inverse = np.linalg.inv(design.T @ design)
    by_block = inverse @ design.T @ effects  # (coefficients, blocks)
    estimates = by_block.mean(axis=1)
    means = effects.mean(axis=1)
    spread = np.diag(inverse)
    of_languages = np.sum((means - design @ estimates) ** 2) / free * spread
    if num_blocks == 1:
        nothing = np.full(len(estimates), np.nan)
        return Line(estimates=estimates, errors=nothing, df=nothing, num_languages=num_languages, num_blocks=1)
    of_blocks = by_block.var(axis=1, ddof=1) / num_blocks
    residuals = effects - means[:, None] - design @ (by_block - estimates[:, None])
    of_both = np.sum(residuals**2) / (free * (num_blocks - 1)) / num_blocks * spread
    variances = np.maximum(of_languages + of_blocks - of_both, np.maximum(of_languages, of_blocks))
    parts = of_languages**2 / free + of_blocks**2 / (num_blocks - 1) + of_both**2 / (free * (num_blocks - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(parts > 0, variances**2 / parts, free)
    df = np.clip(df, min(free, num_blocks - 1), free)
    return Line(
        estimates=estimates, errors=np.sqrt(variances), df=df, num_languages=num_languages, num_blocks=num_blocks
    )
