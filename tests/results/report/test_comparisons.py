import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.report.comparisons import (
    correction,
    evidence_sentence,
    in_order,
    main_rows,
    setting_name,
    unit_name,
    varying_settings,
    verdict_sentence,
    with_sound_verdicts,
)
from results.report.figures.view import is_declared
from results.report.wording import VERDICTS
from tests.results.report.evidence_factory import make_evidence

_ENDS = st.one_of(st.none(), st.floats(-5, 5), st.just(0.0))


@given(st.lists(st.tuples(st.sampled_from(VERDICTS), _ENDS, _ENDS), min_size=1, max_size=20))
def test_nothing_is_better_or_worse_whose_corrected_interval_does_not_lie_on_that_side_of_zero(rows):
    frame = pd.DataFrame(rows, columns=["verdict", "ci_adjusted_low", "ci_adjusted_high"])
    sound = with_sound_verdicts(frame)
    for (given_verdict, low, high), verdict in zip(rows, sound["verdict"], strict=True):
        if verdict == "better":
            assert low is not None
            assert low > 0
        if verdict == "worse":
            assert high is not None
            assert high < 0
        assert verdict in (given_verdict, "undecided")
        if given_verdict not in ("better", "worse"):
            assert verdict == given_verdict


def test_sound_verdicts_stay_as_they_are():
    contrasts = make_evidence().contrasts
    assert with_sound_verdicts(contrasts)["verdict"].equals(contrasts["verdict"])


@pytest.fixture
def row():
    rows = main_rows(make_evidence().contrasts)
    return rows[rows["role"].eq("primary")].iloc[0].to_dict()


def test_the_sentence_on_a_row_has_its_numbers(row):
    row |= {"delta": 1.234, "ci_low": 0.26, "ci_high": 2.2, "ci_adjusted_low": -0.14, "ci_adjusted_high": 2.61}
    text = evidence_sentence(row | {"p_adjusted": 0.07, "adjustment": "holm", "family_size": 3, "k": 5})
    assert text == (
        "+1.2 points; 95 % interval +0.3 to +2.2; corrected (Holm over 3): −0.1 to +2.6, p = .070; 5 paired seeds."
    )


def test_a_row_says_how_many_intermediate_runs_its_seeds_share(row):
    assert evidence_sentence(row | {"k": 5, "num_intermediate_runs": 5.0}).endswith("; 5 paired seeds.")
    text = evidence_sentence(row | {"k": 5, "num_intermediate_runs": 2.0})
    assert text.endswith("; 5 paired seeds on 2 runs of the intermediate stage.")


def test_a_row_without_an_interval_says_so(row):
    assert evidence_sentence(row | {"delta": 1.0, "ci_low": None, "k": 1}) == "+1.0 points, no interval; 1 paired seed."


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_a_sentence_and_only_two_speak_of_better_or_worse(row, verdict):
    text = verdict_sentence(row | {"verdict": verdict})
    assert ("Better" in text) == (verdict == "better")
    assert ("Worse" in text) == (verdict == "worse")


def test_an_undecided_row_says_what_would_have_been_found(row):
    assert "about 2.3 points" in verdict_sentence(row | {"verdict": "undecided", "mde": 2.31})
    assert verdict_sentence(row | {"verdict": "undecided", "mde": None}).endswith("in either direction.")


def test_units_are_named_for_people(row):
    names = {"sw": "Swahili"}
    assert unit_name(row | {"unit": "macro", "language": "macro", "num_languages": 14}, names) == (
        "mean over 14 languages"
    )
    assert unit_name(row | {"unit": "language", "language": "sw"}, names) == "Swahili (sw)"
    assert unit_name(row | {"unit": "language", "language": "xx"}, names) == "xx"
    assert unit_name(row | {"unit": "group", "language": "band:low", "num_languages": 3}, names) == (
        "band low (3 languages)"
    )


def test_a_setting_is_named_only_where_it_is_not_the_same_everywhere():
    contrasts = main_rows(make_evidence().contrasts)
    first = contrasts.iloc[0].to_dict()
    assert setting_name(first, varying_settings(contrasts)) == ""
    other = pd.concat([contrasts, contrasts.assign(metric="f1")])
    assert setting_name(first, varying_settings(other)) == "accuracy"
    noisy = contrasts.assign(condition="typos:0.1")
    assert setting_name(noisy.iloc[0].to_dict(), varying_settings(noisy)) == "typos:0.1"


def test_the_correction_is_named_with_the_size_of_its_family(row):
    assert correction(row | {"adjustment": "bh", "family_size": 120}) == "Benjamini-Hochberg over 120"
    assert correction(row | {"adjustment": "none"}) == "uncorrected"
    assert correction(row | {"adjustment": None}) == "uncorrected"


def test_primary_comparisons_come_first_and_exploratory_ones_last():
    roles = in_order(make_evidence().contrasts.iloc[::-1])["role"].drop_duplicates()
    assert [*roles] == ["primary", "secondary", "exploratory"]


def test_declared_contrasts_are_those_without_a_baseline():
    contrasts = make_evidence().contrasts
    assert set(contrasts[~is_declared(contrasts)]["role"]) == {"exploratory"}
    assert set(contrasts[is_declared(contrasts)]["contrast"]) == {"magnitude", "difficulty", "magnitude by difficulty"}
