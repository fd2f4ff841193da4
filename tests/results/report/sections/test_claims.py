import re
from dataclasses import replace

import pandas as pd
import pytest

from results.analysis import Analysis
from results.report.comparisons import with_sound_verdicts
from results.report.sections.claims import comparison_grid, find_claims
from results.schema import MACRO
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence


def test_every_primary_comparison_is_a_claim_with_its_hypothesis():
    claims = find_claims(make_evidence()).primary
    assert [claim.name for claim in claims] == ["magnitude", "difficulty", "magnitude by difficulty"]
    assert claims[0].hypothesis == "Noise helps."
    assert claims[2].hypothesis is None
    assert all("corrected (Holm over 3)" in claim.evidence for claim in claims)


def test_nothing_is_called_better_whose_corrected_interval_contains_zero():
    evidence = make_evidence()
    broken = evidence.contrasts.assign(verdict="better", ci_adjusted_low=-0.01, ci_adjusted_high=3.0)
    claims = find_claims(replace(evidence, contrasts=with_sound_verdicts(broken)))
    assert {claim.verdict for claim in claims.primary} == {"undecided"}
    texts = [*claims.secondary, claims.exploratory, *(claim.sentence for claim in claims.primary)]
    assert not any("better" in text.lower() for text in texts)


@pytest.mark.parametrize("restriction", ["on these examples", "one intermediate run"])
def test_what_holds_for_these_examples_or_one_run_alone_is_no_claim(restriction):
    evidence = make_evidence()
    restricted = evidence.contrasts.assign(verdict=f"better ({restriction})", ci_adjusted_low=1.0, ci_adjusted_high=3.0)
    claims = find_claims(replace(evidence, contrasts=with_sound_verdicts(restricted)))
    assert {(claim.kind, claim.mark) for claim in claims.primary} == {("undecided", "○")}
    assert all(claim.verdict == f"better ({restriction})" for claim in claims.primary)
    assert all("says nothing of others" in claim.sentence for claim in claims.primary)
    assert not any("better" in text for text in [*claims.secondary, claims.exploratory])


@pytest.mark.parametrize(
    ("num_finished", "part"),
    [(0, "before any trial had finished"), (12, "when 12 trials had already finished"), (None, "not on record")],
)
def test_it_says_when_the_contrasts_were_declared(num_finished, part):
    evidence = make_evidence()
    analysis = replace(evidence.analysis, num_finished_when_declared=num_finished, declared_at="2026-11-22T10:00:00Z")
    text = find_claims(replace(evidence, analysis=analysis)).declaration
    assert part in text
    assert "2026-11-22" in text


def test_without_a_declaration_everything_is_exploratory():
    evidence = make_evidence(Shape(is_declared=False))
    claims = find_claims(replace(evidence, analysis=Analysis()))
    assert "every comparison on this page is exploratory" in claims.declaration
    assert claims.primary == ()
    assert claims.exploratory_grid is not None
    place = [column.heading for column in claims.exploratory_grid.columns].index("verdict")
    assert all(row[place].endswith(", exploratory") for row in claims.exploratory_grid.rows)


def test_counts_of_exploratory_verdicts_add_up():
    evidence = make_evidence()
    rows = evidence.contrasts[evidence.contrasts["role"].eq("exploratory")]
    text = find_claims(evidence).exploratory
    assert text.startswith(f"{len(rows)} comparisons")
    assert f"{rows['verdict'].eq('better').sum()} better" in text


def test_a_family_is_summed_up_by_what_can_be_said_in_which_language():
    evidence = make_evidence()
    rows = evidence.contrasts[evidence.contrasts["role"].eq("secondary") & evidence.contrasts["unit"].eq("language")]
    first = rows[rows["contrast"].eq("magnitude")]
    open_count = first["verdict"].isin(["undecided", "not testable"]).sum()
    summaries = find_claims(evidence).secondary
    assert summaries[0].startswith("magnitude, by language, Holm over 12: ")
    assert summaries[0].endswith(f"nothing can be said of {open_count} of {len(first)}.")


def test_a_claim_names_other_metrics_and_the_source_language_as_no_part_of_it():
    evidence = make_evidence()
    first = find_claims(evidence).primary[0]
    assert " by " not in first.beside
    rows = evidence.contrasts
    macro = rows[rows["contrast"].eq(first.name) & rows["language"].eq(MACRO) & rows["runs"].eq("ok")]
    disagreeing = macro.assign(metric="f1_xtreme", role="exploratory", delta=-2.3, ci_low=-3.5, ci_high=-1.1)
    source = evidence.trials["source_language"].iloc[0]
    at_source = macro.assign(language=source, unit="language", role="secondary", delta=-6.6, ci_low=-7.0, ci_high=-6.0)
    kept = rows[~(rows["contrast"].eq(first.name) & rows["language"].eq(source))]
    claims = find_claims(replace(evidence, contrasts=pd.concat([kept, disagreeing, at_source]))).primary
    assert claims[0].beside.startswith("Not part of the claim")
    assert "by f1_xtreme −2.3 (−3.5 to −1.1)" in claims[0].beside
    assert re.search(r"in the source language, .*, −6.6 \(−7.0 to −6.0\)", claims[0].beside)
    assert (claims[0].verdict, claims[0].evidence) == (first.verdict, first.evidence)
    assert "f1_xtreme" not in claims[1].beside


def test_a_declared_contrast_without_a_row_is_named():
    evidence = make_evidence()
    assert "Nothing can be said" not in find_claims(evidence).declaration
    rows = evidence.contrasts[evidence.contrasts["contrast"].ne("difficulty")]
    said = find_claims(replace(evidence, contrasts=rows)).declaration
    assert "Nothing can be said of “difficulty”: no pair of its runs has finished" in said


def test_runs_with_failures_and_pairs_of_languages_are_no_claims():
    evidence = make_evidence()
    other = evidence.contrasts.assign(runs="all")
    assert find_claims(replace(evidence, contrasts=other)).primary == ()
    pairs = evidence.contrasts.assign(condition_language="all")
    assert find_claims(replace(evidence, contrasts=pairs)).primary == ()


def test_nothing_found_yet_is_said_in_words():
    claims = find_claims(empty_evidence())
    assert claims.exploratory == "There are no exploratory comparisons yet."
    assert claims.exploratory_grid is None


def test_the_table_has_the_numbers_of_the_rows():
    evidence = make_evidence()
    rows = evidence.contrasts[evidence.contrasts["role"].eq("primary")]
    grid = comparison_grid(rows, evidence, "Primary")
    assert grid is not None
    headings = [column.heading for column in grid.columns]
    assert "setting" not in headings
    delta = f"{rows.iloc[0]['delta']:+.1f}".replace("-", "−")
    assert grid.rows[0][headings.index("delta")] == delta
