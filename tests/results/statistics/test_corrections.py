from dataclasses import replace

import numpy as np
from statsmodels.stats.multitest import multipletests

from results.analysis import Analysis, Contrast, Family
from results.statistics.corrections import PValues, correct, correct_by_runs
from results.statistics.families import find_family
from tests.results.statistics.drafts import TESTED, make_draft


def _tested(p: np.ndarray) -> PValues:
    return PValues(p=p, p_no_loss=p / 2, p_equivalence=p / 4)


def _keys(drafts: list) -> list:
    return [find_family(draft, Analysis(), TESTED) for draft in drafts]


def test_each_family_is_corrected_apart_and_what_cannot_be_tested_is_not_counted() -> None:
    drafts = [make_draft("declared", name=name) for name in "abc"] + [make_draft("deltas", name=name) for name in "de"]
    p = np.array([0.01, np.nan, 0.02, 0.03, 0.04])
    found = correct(_keys(drafts), _tested(p), 0.05)
    np.testing.assert_array_equal(found.size, [2, 2, 2, 2, 2])
    np.testing.assert_allclose(found.p[[0, 2]], multipletests([0.01, 0.02], method="holm")[1])
    np.testing.assert_allclose(found.p[3:], multipletests([0.03, 0.04], method="fdr_bh")[1])
    np.testing.assert_allclose(found.p_no_loss[[0, 2]], multipletests([0.005, 0.01], method="holm")[1])
    np.testing.assert_allclose(found.p_equivalence[3:], multipletests([0.0075, 0.01], method="fdr_bh")[1])
    assert np.isnan(found.p[1])
    np.testing.assert_allclose(found.level, [0.975, 0.975, 0.975, 0.95, 0.95])


def test_rows_of_all_runs_are_tested_with_the_other_rows_as_they_are_with_all_runs() -> None:
    drafts = [make_draft(name="a"), make_draft(name="b"), make_draft(name="b", runs="all"), make_draft(name="c")]
    p = np.array([0.01, 0.04, 0.2, 0.02])
    found = correct_by_runs(drafts, _keys(drafts), _tested(p), 0.05)
    np.testing.assert_allclose(found.p[[0, 1, 3]], multipletests(p[[0, 1, 3]], method="holm")[1])
    np.testing.assert_allclose(found.p[2], multipletests(p[[0, 2, 3]], method="holm")[1][1])
    assert found.size.tolist() == [3, 3, 3, 3]


def test_what_was_declared_is_corrected_for_before_it_can_be_tested() -> None:
    declared = Analysis(contrasts=tuple(Contrast(name=name, terms=()) for name in "abcd"))
    drafts = [make_draft("declared", name=name) for name in "ab"]
    keys = [find_family(draft, declared, TESTED) for draft in drafts]
    found = correct(keys, _tested(np.array([0.01, np.nan])), 0.05)
    assert found.size.tolist() == [4, 4]
    np.testing.assert_allclose(found.p[0], 0.04)
    np.testing.assert_allclose(found.level, 1 - 0.05 / 4)


def test_a_family_of_some_contrasts_is_as_large_as_they_are_many() -> None:
    first = Family(name="first", role="primary", contrasts="declared", units=("macro",), adjustment="holm", only=("a",))
    declared = Analysis(
        contrasts=tuple(Contrast(name=name, terms=()) for name in "abc"),
        families=(first, replace(first, name="others", only=())),
    )
    drafts = [make_draft("declared", name=name) for name in "ab"]
    found = correct([find_family(one, declared, TESTED) for one in drafts], _tested(np.array([0.01, 0.02])), 0.05)
    assert found.size.tolist() == [1, 2]


def test_no_rows_are_no_error() -> None:
    assert len(correct_by_runs([], [], _tested(np.empty(0)), 0.05).p) == 0
