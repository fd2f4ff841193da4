import math

import pandas as pd
import pytest

from results.report.figures.words import between, counted, families_note, listed, percent, seeds_note, signed


@pytest.mark.parametrize(
    ("value", "text"), [(1.25, "+1.2"), (-0.04, "+0.0"), (-0.06, "\u22120.1"), (math.nan, "–"), (None, "–")]
)
def test_differences_have_a_sign_and_none_is_minus_zero(value, text):
    assert signed(value) == text


def test_an_interval_without_an_end_is_none():
    assert between(-1.0, 2.0) == "\u22121.0 to +2.0"
    assert between(math.nan, 2.0) == "no interval"


def test_shares_and_numbers_are_for_people():
    assert (percent(0.255), percent(math.nan)) == ("26 %", "–")
    assert (counted(1, "seed"), counted(5010, "example"), counted(0, "family", "families")) == (
        "1 seed", "5,010 examples", "0 families",
    )  # fmt: skip


def test_long_lists_are_cut():
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed("abcdefgh", limit=3) == "a, b, c and 5 more"
    assert listed([]) == "none"


def test_lost_pairs_are_said():
    rows = pd.DataFrame({"k": [5, 3], "k_failed": [0, 2]})
    assert seeds_note(rows) == "k = 3 to 5 paired seeds; up to 2 pairs lost to failed runs"
    assert seeds_note(rows[:1]) == "k = 5 paired seeds"


def test_families_that_are_split_by_contrast_are_said_once():
    rows = pd.DataFrame(
        {
            "family": ["primary", "by language: noise", "by language: dose", "all cells"],
            "role": ["primary", "secondary", "secondary", "exploratory"],
            "adjustment": ["holm", "holm", "holm", "bh"],
            "family_size": [3, 14, 12, 1],
        }
    )
    assert families_note(rows) == (
        "Corrected within families “primary” (Holm, 3 hypotheses), “by language” (Holm, 12 to 14 hypotheses, each "
        "contrast a family) and “all cells” (Benjamini-Hochberg, 1 hypothesis, exploratory)."
    )
