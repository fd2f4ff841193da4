"""Effects of one series, by a mixed model and in two stages.

In: `EffectData`, `TermDesign`. Out: `ModelFit`.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from results.statistics.effects_data import EffectData
from results.statistics.slopes import MIN_LANGUAGES, fit_line
from results.statistics.terms import MAIN_TERMS, TermDesign
from results.statistics.variance_components import MixedFit, Observations, dummies, fit_mixed_model

CORPUS = "log_corpus"
ONE_SEED = "fewer than two seeds in which all of this was run: no interval"
NO_SLOPE = f"fewer than {MIN_LANGUAGES} languages with a known corpus size: no slope"

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Effects: those of the terms, then the slopes of each on `log_corpus`; arrays of shape (effects,)."""

    terms: tuple[str, ...]
    estimates: Array
    errors: Array
    """NaN where nothing can be said."""
    df: Array

    def interval(self) -> tuple[Array, Array]:
        """Both ends, 95 %."""
        half_widths = stdtrit(self.df, 0.975) * self.errors
        return self.estimates - half_widths, self.estimates + half_widths

    def p_values(self) -> Array:
        """Two-sided, of no effect."""
        with np.errstate(divide="ignore", invalid="ignore"):
            p: Array = 2 * stdtr(self.df, -np.abs(self.estimates / self.errors))
        return p


@dataclass(frozen=True, kw_only=True)
class ModelFit:
    """Both estimates of one series."""

    staged: Fitted
    """In two stages."""
    mixed: Fitted | None
    """By the mixed model; its degrees of freedom are those of `staged`. None: see `problem`."""
    variances: MixedFit | None
    by_language: Array
    """Effects by language and seed block, shape (terms, languages, blocks)."""
    problem: str | None


def estimate_effects(data: EffectData, design: TermDesign, *, with_mixed: bool = True) -> ModelFit | None:
    """Fit both models, or the two stages alone; None where no seed has enough cells, or there is one language.

    Where every cell ran in every language under every seed both give the same effects. The mixed model weighs what is
    there where runs are missing, and tells apart what is random; its likelihood knows no small samples, so that its
    errors go with the degrees of freedom of the two-stage estimate.
    """
    by_language = _fit_each(data, design)
    staged = None if by_language is None else two_stages(by_language, data.log_corpus, design.terms)
    if by_language is None or staged is None:
        return None
    problem = NO_SLOPE if data.log_corpus is None else ONE_SEED if by_language.shape[2] < 2 else None
    if problem is not None or not with_mixed:
        return ModelFit(staged=staged, mixed=None, variances=None, by_language=by_language, problem=problem)
    fit = fit_mixed_model(_observations(data, design))
    mixed = Fitted(terms=staged.terms, estimates=fit.estimates, errors=fit.errors, df=staged.df)
    is_good = fit.problem is None
    return ModelFit(
        staged=staged,
        mixed=mixed if is_good else None,
        variances=fit if is_good else None,
        by_language=by_language,
        problem=fit.problem,
    )


def two_stages(by_language: Array, log_corpus: Array | None, terms: tuple[str, ...]) -> Fitted | None:
    """A line over languages for each term: their levels first, then their slopes on log_corpus.

    Args:
        by_language: shape (terms, languages, blocks).
        log_corpus: shape (languages,); None: levels alone.
        terms: their names.

    Returns:
        None with fewer than two languages, or no block.
    """
    if by_language.shape[1] < 2 or by_language.shape[2] < 1:
        return None
    lines = [fit_line(effects, log_corpus) for effects in by_language]
    names = terms if log_corpus is None else (*terms, *(f"{term}:{CORPUS}" for term in terms))

    def stacked(name: Literal["estimates", "errors", "df"]) -> Array:
        return np.array([getattr(line, name) for line in lines]).T.ravel()

    return Fitted(terms=names, estimates=stacked("estimates"), errors=stacked("errors"), df=stacked("df"))


def _fit_each(data: EffectData, design: TermDesign) -> Array | None:
    """Least squares within each language and seed block that has cells enough."""
    found = []
    for block in range(data.deltas.shape[2]):
        deltas = data.deltas[:, :, block]
        known = ~np.isnan(deltas).all(axis=1)
        columns = design.matrix[known]
        if np.linalg.matrix_rank(columns) == len(design.terms):
            found.append(np.linalg.pinv(columns) @ deltas[known])
    return np.stack(found, axis=2) if found else None


def _observations(data: EffectData, design: TermDesign) -> Observations:
    """The long form: one row a cell, language and block that has a delta."""
    assert data.log_corpus is not None
    cell, language, block = np.nonzero(~np.isnan(data.deltas))
    columns, sizes = design.matrix[cell], data.log_corpus[language]
    of_language, of_block = dummies(language), dummies(block)
    main = [term for term in design.terms if term in MAIN_TERMS]
    components = {f"language:{term}": of_language * columns[:, [design.terms.index(term)]] for term in main}
    runs = np.array([[run or "" for run in row] for row in data.stage_runs])[cell, block]
    _, codes = np.unique(runs, return_inverse=True)
    if data.num_stage_runs and data.num_stage_runs > 1:
        components["intermediate run"] = dummies(codes) * (runs != "")[:, None]
    components |= {
        "seed": of_block,
        f"seed:{CORPUS}": of_block * sizes[:, None],
        "language x seed": dummies(language * data.deltas.shape[2] + block),
    }
    return Observations(
        deltas=data.deltas[cell, language, block],
        explained_by=np.hstack([columns, columns * sizes[:, None]]),
        components=components,
    )
