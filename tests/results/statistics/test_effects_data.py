"""Tests of deltas as models of effects take them."""

import numpy as np
import pytest

from results.schema import LANGUAGES, make_table
from results.statistics.effects_data import CorpusSizes, gather_effects
from tests.results.simulated import CORPUS_SIZES, language_row
from tests.results.statistics.test_panel import make_panel, scores_of

CODES = ("en", "de", "sw", "hi", "tr", "yo")
CORPUS = CorpusSizes.of(make_table([language_row(code) for code in CODES], LANGUAGES))


def gather(panel, cells=("m",), *, outcome="delta", min_languages=4):
    return gather_effects(panel, cells, "base", CORPUS, outcome, min_languages=min_languages)


def test_sizes_are_known_of_languages_that_are_in_the_corpus():
    assert CORPUS.sizes == {code: CORPUS_SIZES[code] for code in CODES if CORPUS_SIZES[code] is not None}
    assert CORPUS.unit == "GiB of CC-100"


def test_the_source_language_and_those_not_in_the_corpus_are_left_out_and_named():
    data = gather(make_panel(scores_of(languages=CODES)))
    assert data.languages == ("de", "hi", "sw", "tr")
    logs = np.log10([CORPUS_SIZES[code] for code in data.languages])
    assert data.log_corpus == pytest.approx(logs - logs.mean())
    assert data.deltas == pytest.approx(np.full((1, 4, 4), 10.0))
    assert any("yo" in note for note in data.notes)
    assert any("source language en" in note for note in data.notes)


def test_too_few_sizes_leave_all_languages_in_and_have_no_log_corpus():
    data = gather(make_panel(scores_of(languages=CODES)), min_languages=5)
    assert data.log_corpus is None
    assert "yo" in data.languages


def test_a_run_that_failed_is_nan_in_all_languages_and_a_language_that_lacks_scores_is_left_out():
    scores = {key: value for key, value in scores_of(languages=CODES).items() if key[:2] != ("m", 3)}
    del scores["m", 0, "hi"]
    data = gather(make_panel(scores), min_languages=3)
    assert data.languages == ("de", "sw", "tr")
    assert np.isnan(data.deltas[0, :, 3]).all()
    assert not np.isnan(data.deltas[0, :, :3]).any()
    assert any("hi" in note for note in data.notes)


def test_log_odds_are_of_the_scores():
    data = gather(make_panel(scores_of(seeds=(0,), languages=CODES)), outcome="logit")
    scores = {"de": (65.0, 55.0)}
    expected = np.log(scores["de"][0] / 35.0) - np.log(scores["de"][1] / 45.0)
    assert data.deltas[0, data.languages.index("de"), 0] == pytest.approx(expected)


def test_seeds_of_one_intermediate_run_are_one_block():
    runs = {("m", seed): f"run {seed // 2}" for seed in range(4)}
    data = gather(make_panel(scores_of(languages=CODES), runs))
    assert data.deltas.shape == (1, 4, 2)
    assert data.num_stage_runs == 2


def test_leaving_a_language_out_keeps_where_the_middle_is():
    data = gather(make_panel(scores_of(languages=CODES)))
    fewer = data.without("hi")
    assert fewer.languages == ("de", "sw", "tr")
    assert fewer.log_corpus == pytest.approx(np.delete(data.log_corpus, 1))


def test_nothing_to_compare_is_none():
    assert gather(make_panel(scores_of(cells=("base",), languages=CODES))) is None
