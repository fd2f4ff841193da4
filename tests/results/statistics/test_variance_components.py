"""Tests of the mixed model, against statsmodels' own formulas and what was planted."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from results.statistics.variance_components import Observations, dummies, fit_mixed_model


def simulate(seed, *, language=2.0, run=1.0, num_languages=12, num_runs=8):
    """Deltas by language and run, both at random, with a slope on a size."""
    generator = np.random.default_rng(seed)
    places, runs = np.meshgrid(np.arange(num_languages), np.arange(num_runs), indexing="ij")
    places, runs = places.ravel(), runs.ravel()
    size = np.linspace(-1, 1, num_languages)[places]
    deltas = 1.0 + 2.0 * size + generator.normal(0, language, num_languages)[places]
    deltas = deltas + generator.normal(0, run, num_runs)[runs] + generator.normal(0, 0.5, len(places))
    return pd.DataFrame({"delta": deltas, "size": size, "language": places, "run": runs, "one": 1})


def observations(frame, *components):
    return Observations(
        deltas=frame["delta"].to_numpy(),
        explained_by=np.column_stack([np.ones(len(frame)), frame["size"]]),
        components={name: dummies(frame[name].to_numpy()) for name in components},
    )


def test_crossed_effects_are_those_of_statsmodels_formulas():
    frame = simulate(0)
    parts = {"language": "0 + C(language)", "run": "0 + C(run)"}
    expected = smf.mixedlm("delta ~ size", frame, groups="one", vc_formula=parts).fit()
    fit = fit_mixed_model(observations(frame, "language", "run"))
    assert fit.problem is None
    assert fit.estimates == pytest.approx(expected.fe_params.to_numpy(), abs=1e-4)
    assert fit.errors == pytest.approx(expected.bse_fe.to_numpy(), rel=0.01)
    assert fit.log_likelihood == pytest.approx(expected.llf, abs=0.01)
    variances = dict(zip(sorted(parts), expected.vcomp, strict=True)) | {"residual": expected.scale}
    assert {name: fit.variances[name] for name in variances} == pytest.approx(variances, rel=0.02)


def test_planted_variances_are_recovered():
    fits = [fit_mixed_model(observations(simulate(seed), "language", "run")) for seed in range(20)]
    means = {name: np.mean([fit.variances[name] for fit in fits]) for name in ("language", "run", "residual")}
    assert means["language"] == pytest.approx(4.0, rel=0.35)
    assert means["run"] == pytest.approx(1.0, rel=0.45)
    assert means["residual"] == pytest.approx(0.25, rel=0.15)


def test_the_likelihood_is_that_of_the_normal_density_of_what_fixed_effects_leave():
    """Restricted likelihood by its definition (Harville 1974): n x n matrices, no factorisation."""
    frame = simulate(4)
    data = observations(frame, "language", "run")
    fit = fit_mixed_model(data)
    covariance = fit.variances["residual"] * np.eye(len(frame))
    for name in ("language", "run"):
        covariance += fit.variances[name] * data.components[name] @ data.components[name].T
    inverse, design = np.linalg.inv(covariance), data.explained_by
    information = design.T @ inverse @ design
    left = data.deltas - design @ np.linalg.solve(information, design.T @ inverse @ data.deltas)
    free = len(frame) - design.shape[1]
    logs = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(information)[1]
    assert fit.log_likelihood == pytest.approx(-(free * np.log(2 * np.pi) + logs + left @ inverse @ left) / 2)


def test_a_component_that_is_not_there_is_reported_as_0():
    frame = simulate(1, run=0.0)
    frame["delta"] -= frame.groupby("run")["delta"].transform("mean") - frame["delta"].mean()
    fit = fit_mixed_model(observations(frame, "language", "run"))
    assert fit.problem is None
    assert fit.variances["run"] == 0.0
    assert fit.variances["language"] > 1.0


def test_without_any_random_effect_it_is_least_squares():
    frame = simulate(2)
    fit = fit_mixed_model(observations(frame))
    expected = smf.ols("delta ~ size", frame).fit()
    assert fit.estimates == pytest.approx(expected.params.to_numpy())
    assert fit.errors == pytest.approx(expected.bse.to_numpy())


def test_what_cannot_be_fitted_is_a_problem_and_no_number():
    fit = fit_mixed_model(observations(simulate(3, num_languages=2, num_runs=1)))
    assert fit.problem == "more effects than the deltas can tell apart"
    assert np.isnan(fit.estimates).all()


def test_dummies_have_a_column_a_level():
    assert dummies(np.array([3, 1, 3])).tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
