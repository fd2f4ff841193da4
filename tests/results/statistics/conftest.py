"""Stores that several tests of statistics look at; nobody writes to them."""

from math import log10

import pytest

from tests.results.simulated import CORPUS_SIZES, Design, simulate_store

MAGNITUDES = (0.0, 0.1, 0.2, 0.4, 0.8)
DOSES = (None, 0.0, 0.5, 1.0)
GAIN_OF_HARD = 4.0


def planted_effect(magnitude, dose, language):
    """Points: dose 1 helps, any magnitude hurts, more so where the corpus is small."""
    harm = 3.0 - 0.8 * log10(CORPUS_SIZES[language] or 1.0)
    return (GAIN_OF_HARD if dose == 1.0 else 0.0) - (harm if magnitude > 0 else 0.0)


@pytest.fixture(scope="session")
def grid_store(tmp_path_factory):
    """Five magnitudes by three doses and none, seven languages, four seeds."""
    effects = {
        (magnitude, dose, language): planted_effect(magnitude, dose, language)
        for magnitude in MAGNITUDES
        for dose in DOSES
        for language in CORPUS_SIZES
    }
    design = Design(magnitudes=MAGNITUDES, doses=DOSES, num_seeds=4, num_examples=200, effects=effects)
    return simulate_store(tmp_path_factory.mktemp("grid"), design)


@pytest.fixture(scope="session")
def flat_store(tmp_path_factory):
    """Two magnitudes, no intermediate task, three seeds of which one diverged at the larger."""
    design = Design(num_seeds=3, num_examples=100, failed={(0.3, None, 2): "diverged"})
    return simulate_store(tmp_path_factory.mktemp("flat"), design)
