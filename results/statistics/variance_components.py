"""The mixed model of one sweep by restricted likelihood (statsmodels): languages, intermediate runs, seeds at random.

In: deltas by cell, language and seed block, with the columns that explain them. Out: effects, errors, variances.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_OPTIMIZERS = ["lbfgs", "bfgs", "powell"]
"""From quick to patient; the next is tried where one does not converge."""
_NEGLIGIBLE = 1e-6
"""Share of the residual variance below which a random effect is none: it is taken out, and the rest fitted again."""


@dataclass(frozen=True, kw_only=True)
class Observations:
    """Deltas in long form; N of them."""

    deltas: Array
    explained_by: Array
    """Columns of the fixed effects; shape (N, terms)."""
    components: Mapping[str, Array]
    """Random effects by name: columns of which each has an effect of its own, shape (N, levels)."""


@dataclass(frozen=True, kw_only=True)
class MixedFit:
    """What came out."""

    estimates: Array
    """Fixed effects; shape (terms,)."""
    errors: Array
    variances: Mapping[str, float]
    """Of the random effects, 0 where there is none to be seen, and `residual`."""
    problem: str | None
    """Why this is not to be used; None: converged."""


def fit_mixed_model(data: Observations) -> MixedFit:
    """Fit by REML, all random effects crossed (one group for all rows).

    A variance that is estimated as 0 lies on the edge of what is allowed, where the curvature of the likelihood says
    nothing: that component is taken out and the rest is fitted again.
    """
    components = {name: columns for name, columns in data.components.items() if columns.any()}
    while True:
        fit = _fit(data, components)
        if fit.problem is not None:
            return fit
        gone = [one for one in components if fit.variances[one] < _NEGLIGIBLE * fit.variances["residual"]]
        if not gone:
            none_seen = dict.fromkeys(data.components.keys() - components.keys(), 0.0)
            variances = none_seen | dict(fit.variances)
            return MixedFit(estimates=fit.estimates, errors=fit.errors, variances=variances, problem=None)
        components = {name: columns for name, columns in components.items() if name not in gone}


def dummies(levels: npt.NDArray[np.integer]) -> Array:
    """A column for each level, 1 where a row is of it; shape (N, levels)."""
    names, places = np.unique(levels, return_inverse=True)
    columns: Array = np.eye(len(names))[places]
    return columns


def _fit(data: Observations, components: Mapping[str, Array]) -> MixedFit:
    if not components:
        return _fit_without(data)
    from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    names = [*components]
    columns = [[[f"{name} {level}" for level in range(components[name].shape[1])]] for name in names]
    spec = VCSpec(names, columns, [[components[name]] for name in names])
    one_group = np.ones(len(data.deltas))
    model = MixedLM(data.deltas, data.explained_by, groups=one_group, exog_vc=spec)
    try:
        with warnings.catch_warnings():  # what they say is read from the result
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            warnings.simplefilter("ignore", UserWarning)
            result = model.fit(reml=True, method=_OPTIMIZERS)
    except (np.linalg.LinAlgError, ValueError) as error:
        return _failed(data, f"the mixed model could not be fitted ({error})")
    estimates, errors = np.asarray(result.fe_params, float), np.asarray(result.bse_fe, float)
    if not result.converged:
        return _failed(data, "the mixed model did not converge")
    if not (np.isfinite(estimates).all() and np.isfinite(errors).all()):
        return _failed(data, "the mixed model is singular")
    variances = {name: float(one) for name, one in zip(names, result.vcomp, strict=True)}
    return MixedFit(
        estimates=estimates, errors=errors, variances=variances | {"residual": float(result.scale)}, problem=None
    )


def _fit_without(data: Observations) -> MixedFit:
    """Least squares: what is left of the model where no random effect is to be seen."""
    free = len(data.deltas) - data.explained_by.shape[1]
    if free < 1:
        return _failed(data, "as many effects as deltas")
    estimates: Array = np.linalg.lstsq(data.explained_by, data.deltas)[0].astype(np.float64)
    residual = float(np.sum((data.deltas - data.explained_by @ estimates) ** 2) / free)
    errors = np.sqrt(residual * np.diag(np.linalg.inv(data.explained_by.T @ data.explained_by)))
    return MixedFit(estimates=estimates, errors=errors, variances={"residual": residual}, problem=None)


def _failed(data: Observations, problem: str) -> MixedFit:
    nothing = np.full(data.explained_by.shape[1], np.nan)
    return MixedFit(estimates=nothing, errors=nothing, variances={}, problem=problem)
