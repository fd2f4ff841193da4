"""The mixed model of one sweep by restricted likelihood (REML): languages, intermediate runs and seeds at random.

In: deltas by cell, language and seed block, with the columns that explain them. Out: effects, errors, variances.

The likelihood is profiled as lme4 does it (Bates et al. 2015, section 3.4): what is left to search are the variances
relative to the residual. statsmodels' mixedlm fits the same model, and the tests compare with it; with six to eight
crossed components its gradient searches stop short of the maximum, and Powell's meets singular matrices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpotrs, dtrtrs
from scipy.optimize import minimize

Array = npt.NDArray[np.float64]

_START = -2.0
_BOUNDS = (-12.0, 10.0)
"""Of logarithms of variances relative to the residual."""
_NEGLIGIBLE = 1e-4
"""Share of the residual variance below which a random effect is reported as none."""


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
    log_likelihood: float
    """Restricted."""
    problem: str | None
    """Why this is not to be used; None: converged."""


def fit_mixed_model(data: Observations) -> MixedFit:
    """Fit by REML, all random effects crossed; components without any column that is not 0 have none."""
    components = {name: columns for name, columns in data.components.items() if columns.any()}
    num_free = len(data.deltas) - data.explained_by.shape[1]
    if num_free < 1 or np.linalg.matrix_rank(data.explained_by) < data.explained_by.shape[1]:
        return _failed(data, "more effects than the deltas can tell apart")
    if not np.ptp(data.deltas):
        return _failed(data, "all deltas are equal")
    model = _Profile(data, components)
    found = np.full(len(components), _START)
    if components:
        bounds = [_BOUNDS] * len(components)
        search = minimize(model.deviance, found, method="L-BFGS-B", bounds=bounds)
        if not search.success:  # a line search that cannot tell noise from descent: go on without gradients
            search = minimize(model.deviance, search.x, method="Powell", bounds=bounds)
        if not (search.success and np.isfinite(search.fun)):
            return _failed(data, "the mixed model did not converge")
        found = search.x
    solution = model.solve(found)
    relative = np.where(np.exp(found) < _NEGLIGIBLE, 0.0, np.exp(found))
    variances = dict(zip(components, (solution.residual * relative).tolist(), strict=True))
    none_seen = dict.fromkeys(data.components.keys() - components.keys(), 0.0)
    return MixedFit(
        estimates=solution.estimates,
        errors=np.sqrt(solution.residual * np.diag(solution.unscaled_covariance)),
        variances=variances | none_seen | {"residual": solution.residual},
        log_likelihood=-solution.deviance / 2,
        problem=None,
    )


def dummies(levels: npt.NDArray[np.integer]) -> Array:
    """A column for each level, 1 where a row is of it; shape (N, levels)."""
    names, places = np.unique(levels, return_inverse=True)
    columns: Array = np.eye(len(names))[places]
    return columns


@dataclass(frozen=True)
class _Solution:
    """Of the mixed model's equations at given relative variances."""

    estimates: Array
    unscaled_covariance: Array
    residual: float
    deviance: float


@dataclass(frozen=True, kw_only=True)
class _Factorised:
    """As far as the search needs it."""

    factor: npt.NDArray[np.floating]
    """Of the fixed effects' equations, lower."""
    estimates: Array
    residual: float
    deviance: float


@dataclass(frozen=True)
class _Profile:
    """The restricted likelihood as a function of the relative variances alone."""

    data: Observations
    components: Mapping[str, Array]

    def deviance(self, logs: Array) -> float:
        """-2 times the restricted log likelihood, at logarithms of relative variances."""
        return self._factorise(logs).deviance

    def solve(self, logs: Array) -> _Solution:
        """Solve the equations, errors with them."""
        found = self._factorise(logs)
        unscaled_covariance, _ = dpotrs(found.factor, np.eye(len(found.factor)), lower=True)
        return _Solution(found.estimates, unscaled_covariance, found.residual, found.deviance)

    def _factorise(self, logs: Array) -> _Factorised:
        """By Cholesky factors of the random and of the fixed effects; LAPACK itself, as this is done many times."""
        scales = np.repeat(np.exp(logs / 2), self._widths)
        num_rows, num_terms = self.data.explained_by.shape
        random = scales[:, None] * self._random_random * scales
        random.flat[:: len(scales) + 1] += 1.0
        lower = np.linalg.cholesky(random)
        of_both = scales[:, None] * self._random_all
        if len(lower):  # LAPACK takes no empty matrix
            of_both, _ = dtrtrs(lower, of_both, lower=True)
        left = self._all_all - of_both.T @ of_both
        fixed, score = left[:num_terms, :num_terms], left[:num_terms, num_terms]
        factor: npt.NDArray[np.floating] = np.linalg.cholesky(fixed)
        estimates, _ = dpotrs(factor, score, lower=True)
        penalised = float(left[num_terms, num_terms] - score @ estimates)
        free = num_rows - num_terms
        determinants = 2 * (np.log(np.diag(lower)).sum() + np.log(np.diag(factor)).sum())
        return _Factorised(
            factor=factor,
            estimates=estimates,
            residual=penalised / free,
            deviance=float(determinants + free * (1 + np.log(2 * np.pi * penalised / free))),
        )

    @cached_property
    def _widths(self) -> list[int]:
        return [columns.shape[1] for columns in self.components.values()]

    @cached_property
    def _random(self) -> Array:
        empty = np.zeros((len(self.data.deltas), 0))
        return np.hstack([empty, *self.components.values()])

    @cached_property
    def _random_random(self) -> Array:
        products: Array = self._random.T @ self._random
        return products

    @cached_property
    def _random_all(self) -> Array:
        """Random effects by fixed ones and, last, the deltas."""
        products: Array = self._random.T @ self._fixed_and_deltas
        return products

    @cached_property
    def _all_all(self) -> Array:
        products: Array = self._fixed_and_deltas.T @ self._fixed_and_deltas
        return products

    @cached_property
    def _fixed_and_deltas(self) -> Array:
        return np.column_stack([self.data.explained_by, self.data.deltas])


def _failed(data: Observations, problem: str) -> MixedFit:
    nothing = np.full(data.explained_by.shape[1], np.nan)
    return MixedFit(estimates=nothing, errors=nothing, variances={}, log_likelihood=np.nan, problem=problem)
