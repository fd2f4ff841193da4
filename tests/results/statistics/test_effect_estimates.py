"""Tests of effects by a mixed model and in two stages, with a simulation of what the mixed model promises."""

import numpy as np
import pytest

from results.statistics.effect_estimates import NO_SLOPE, ONE_SEED, Fitted, estimate_effects, two_stages
from results.statistics.effects_data import EffectData
from results.statistics.terms import TermDesign
from tests.results.statistics.test_slopes import LOG_CORPUS

MAGNITUDES = np.log2([0.1, 0.2, 0.4, 0.8])


def simulate_data(generator, slope=0.0, num_seeds=5):
    """Four magnitudes in fifteen languages: languages differ, runs are good or bad in all."""
    columns = np.column_stack([np.ones(4), MAGNITUDES - MAGNITUDES.mean()])
    own = generator.normal(0, 1, (2, len(LOG_CORPUS)))
    own[0] += slope * LOG_CORPUS
    deltas = (columns @ own)[:, :, None] + generator.normal(0, 1, (4, len(LOG_CORPUS), num_seeds))
    deltas = deltas + generator.normal(0, 0.5, (4, 1, num_seeds))
    deltas -= generator.normal(0, 1, (1, len(LOG_CORPUS), num_seeds)) + generator.normal(0, 0.5, (1, 1, num_seeds))
    data = EffectData(
        deltas=deltas,
        languages=tuple(f"l{place}" for place in range(len(LOG_CORPUS))),
        log_corpus=LOG_CORPUS,
        stage_runs=((None,) * num_seeds,) * 4,
        num_seeds=num_seeds,
        num_stage_runs=None,
        notes=(),
    )
    terms = ("perturbed", "magnitude")
    design = TermDesign(
        name="", target_task="xnli", baseline_cell_id="base", cells=(), terms=terms, matrix=columns, scales=""
    )
    return data, design


@pytest.mark.slow
def test_the_mixed_model_finds_trends_that_are_not_there_one_time_in_twenty():
    generator = np.random.default_rng(0)
    num_sweeps = 200
    p = []
    for _ in range(num_sweeps):
        fitted = estimate_effects(*simulate_data(generator)).mixed
        assert fitted is not None
        p.append([fitted.p_values()[fitted.terms.index(f"{term}:log_corpus")] for term in ("perturbed", "magnitude")])
    rejected = np.mean(np.array(p) < 0.05, axis=0)
    assert np.all(rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / num_sweeps))


def test_the_mixed_model_recovers_a_planted_slope():
    generator = np.random.default_rng(1)
    found = [estimate_effects(*simulate_data(generator, slope=-1.5)).mixed for _ in range(5)]
    estimates = [one.estimates[one.terms.index("perturbed:log_corpus")] for one in found if one is not None]
    assert len(estimates) == 5
    assert np.mean(estimates) == pytest.approx(-1.5, abs=0.7)


def test_both_estimates_agree_where_everything_ran():
    fit = estimate_effects(*simulate_data(np.random.default_rng(2)))
    assert fit is not None
    assert fit.mixed is not None
    assert fit.problem is None
    assert fit.mixed.terms == ("perturbed", "magnitude", "perturbed:log_corpus", "magnitude:log_corpus")
    assert fit.mixed.estimates == pytest.approx(fit.staged.estimates, abs=1e-3)


def test_effects_within_a_language_and_seed_are_least_squares():
    data, design = simulate_data(np.random.default_rng(3))
    fit = estimate_effects(data, design)
    assert fit is not None
    expected = np.linalg.lstsq(design.matrix, data.deltas[:, 4, 1])[0]
    assert fit.by_language[:, 4, 1] == pytest.approx(expected)


def test_a_seed_with_too_few_cells_is_left_out_of_the_two_stages():
    data, design = simulate_data(np.random.default_rng(4), num_seeds=3)
    data.deltas[1:, :, 0] = np.nan
    fit = estimate_effects(data, design)
    assert fit is not None
    assert fit.by_language.shape == (2, len(LOG_CORPUS), 2)
    assert fit.mixed is not None  # which takes what there is


def test_one_seed_and_unknown_sizes_are_problems_and_no_intervals_or_slopes():
    data, design = simulate_data(np.random.default_rng(5), num_seeds=1)
    fit = estimate_effects(data, design)
    assert fit is not None
    assert (fit.mixed, fit.problem) == (None, ONE_SEED)
    assert np.isnan(fit.staged.p_values()).all()
    known, design = simulate_data(np.random.default_rng(5))
    unknown = EffectData(**{**vars(known), "log_corpus": None})
    fit = estimate_effects(unknown, design)
    assert fit is not None
    assert (fit.problem, fit.staged.terms) == (NO_SLOPE, ("perturbed", "magnitude"))


def test_one_language_is_nothing_to_estimate():
    assert two_stages(np.zeros((1, 1, 3)), None, ("effect",)) is None


def test_intervals_and_p_values_are_those_of_students_t():
    fitted = Fitted(terms=("a",), estimates=np.array([2.0]), errors=np.array([1.0]), df=np.array([10.0]))
    assert fitted.interval()[0] == pytest.approx([2.0 - 2.228], abs=1e-3)
    assert fitted.p_values() == pytest.approx([0.0734], abs=1e-4)


def test_two_stages_alone_are_the_same_two_stages():
    data, design = simulate_data(np.random.default_rng(6))
    fit, alone = estimate_effects(data, design), estimate_effects(data, design, with_mixed=False)
    assert fit is not None
    assert alone is not None
    assert (alone.mixed, alone.problem) == (None, None)
    assert alone.staged.estimates.tolist() == fit.staged.estimates.tolist()
