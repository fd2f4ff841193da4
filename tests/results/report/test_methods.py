from dataclasses import replace

from results.analysis import Analysis
from results.report.methods import describe_methods
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence


def test_the_paragraph_has_the_numbers_of_the_tables():
    text = describe_methods(make_evidence(Shape(num_seeds=7, num_failed=2)))
    for part in (
        "accuracy on a scale of 0 to 100",
        "k = 5 to 7 pairs",
        "5010 examples",
        "two-level bootstrap, 10,000 resamples",
        "“primary” (Holm, 3 hypotheses)",
        "margin of ±0.5 points",
        "2 pairs of runs",
        "80 % power",
        "torch 2.13",
    ):
        assert part in text


def test_what_was_not_done_is_not_said():
    evidence = make_evidence(Shape(num_failed=0, is_declared=False))
    contrasts = evidence.contrasts.assign(p_equivalence=None, mde=None)
    nothing = evidence.effects.iloc[:0]
    text = describe_methods(replace(evidence, contrasts=contrasts, effects=nothing, analysis=Analysis(), sweep={}))
    for part in ("Equivalence", "power", "Slopes", "Software", "sign-flip", "intermediate", "with failed"):
        assert part not in text
    assert "No contrast was declared beforehand" in text
    assert "No pair of runs was lost" in text


def test_a_sign_flip_test_is_described_where_rows_have_one():
    evidence = make_evidence()
    text = describe_methods(replace(evidence, contrasts=evidence.contrasts.assign(p_sign_flip_min=0.0625)))
    assert "it can reach p = 0.062 at the least" in text


def test_it_says_when_contrasts_were_declared():
    evidence = make_evidence()
    blind = replace(evidence, analysis=replace(evidence.analysis, num_finished_when_declared=0))
    late = replace(evidence, analysis=replace(evidence.analysis, num_finished_when_declared=12))
    assert "3 contrasts declared before any trial had finished" in describe_methods(blind)
    assert "3 contrasts declared after 12 had finished" in describe_methods(late)


def test_runs_of_the_intermediate_stage_that_seeds_share_are_the_units():
    evidence = make_evidence()
    text = describe_methods(replace(evidence, contrasts=evidence.contrasts.assign(num_intermediate_runs=1)))
    assert "that run is the unit of replication (there are 1 of them)" in text


def test_without_differences_there_is_one_sentence():
    assert describe_methods(empty_evidence()).count(".") == 1


def test_pairs_are_not_said_to_be_lost_to_training_where_a_run_never_trained():
    evidence = make_evidence()
    contrasts = evidence.contrasts.assign(k_failed=2, failed_runs="none")
    contrasts.iloc[0, contrasts.columns.get_loc("failed_runs")] = "pairs left out: 2 infra"
    text = describe_methods(replace(evidence, contrasts=contrasts))
    assert "lost to runs that did not end well (pairs left out: 2 infra)." in text
    assert "failed training" not in text
    assert "or as declared between cells" in text
