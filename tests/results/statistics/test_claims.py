"""From a store to a verdict: how often a sweep claims something where nothing is true, and whether it finds what is."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results.analysis import Analysis, Contrast, Family, Term
from results.statistics.contrasts import compute_contrasts
from tests.results.simulated import Design, simulate_store

CLAIMS = ("better", "worse")
DECLARED = Analysis(
    contrasts=(Contrast(name="0.3 against none", terms=(Term("m0.3", 1.0), Term("m0", -1.0))),),
    families=(
        Family(name="primary", role="primary", contrasts="declared", units=("macro",), adjustment="holm"),
        Family(name="languages", role="secondary", contrasts="declared", units=("language",), adjustment="holm"),
        Family(name="rest", role="exploratory", contrasts="deltas", units=("macro", "language"), adjustment="bh"),
    ),
)


def _contrasts(folder: Path, design: Design, seed: int) -> pd.DataFrame:
    store = simulate_store(folder / str(seed), design, seed)
    return compute_contrasts(store.snapshot(), DECLARED).to_pandas()


def _error(rate: float, num_worlds: int) -> float:
    return 3 * float(np.sqrt(rate * (1 - rate) / num_worlds))


@pytest.mark.slow
def test_a_sweep_without_effects_claims_one_in_one_of_twenty_times_at_most(tmp_path):
    design = Design(languages=("en", "de", "tr", "sw"), num_seeds=5, num_examples=150, seed_sd=2.0)
    num_sweeps = 100
    claimed: dict[str, list[bool]] = {"primary": [], "languages": [], "rest": []}
    for seed in range(num_sweeps):
        found = _contrasts(tmp_path, design, seed)
        claims = found["verdict"].isin(CLAIMS)
        for family, marks in claimed.items():
            own = found["family"].str.startswith(family)
            assert own.any(), found["family"].unique()
            marks.append(bool(claims[own].any()))
    for family, marks in claimed.items():
        assert np.mean(marks) <= 0.05 + _error(0.05, num_sweeps), family


@pytest.mark.slow
def test_an_effect_in_one_language_is_found_there_and_hardly_ever_elsewhere(tmp_path):
    effects = {(0.3, None, "sw"): 12.0}
    design = Design(
        languages=("en", "de", "tr", "sw"), num_seeds=8, num_examples=300, seed_sd=1.5, churn=0.1, effects=effects
    )
    num_sweeps, found_there, found_elsewhere = 40, 0, 0
    for seed in range(num_sweeps):
        found = _contrasts(tmp_path, design, seed)
        own = found[(found["role"] == "secondary") & (found["unit"] == "language")]
        claims = own[own["verdict"].isin(CLAIMS)]
        found_there += bool((claims["verdict"][claims["language"] == "sw"] == "better").any())
        found_elsewhere += bool((claims["language"] != "sw").any())
    assert found_there >= 0.9 * num_sweeps
    assert found_elsewhere <= num_sweeps * (0.05 + _error(0.05, num_sweeps))
