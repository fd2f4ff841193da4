import json
from dataclasses import replace

import pandas as pd

from results.report.sections.languages import detail_languages
from tests.results.report.evidence_factory import empty_evidence, make_evidence


def test_every_scored_language_has_a_detail_the_mean_comes_first_then_those_with_most_text():
    evidence = make_evidence()
    details = detail_languages(evidence)
    sizes = evidence.languages.set_index("language")["corpus_size"]
    known = [sizes[one.code] for one in details[1:] if sizes[one.code] == sizes[one.code]]
    assert details[0].code == "macro"
    assert {one.code for one in details} == {"macro", *evidence.languages["language"]}
    assert known == sorted(known, reverse=True)


def test_a_detail_has_every_comparison_of_its_language_and_only_those():
    evidence = make_evidence()
    for one in detail_languages(evidence)[:3]:
        rows = evidence.contrasts[evidence.contrasts["language"].eq(one.code)]
        assert one.grid is not None
        assert len(one.grid.rows) == len(rows)
        assert len(json.loads(one.rows)["deltas"]) == rows["selection"].eq("last").sum()


def test_the_source_language_is_said_to_be_in_no_mean():
    (source,) = [one for one in detail_languages(make_evidence()) if one.code == "en"]
    assert ("role", "source language: trained on, in no mean") in source.facts


def test_what_is_known_of_a_language_stands_with_its_unit_and_source():
    (russian,) = [one for one in detail_languages(make_evidence()) if one.code == "ru"]
    facts = dict(russian.facts)
    assert facts["script"] == "Cyrl"
    assert "GiB of CC-100 (arXiv 1911.02116)" in facts["size of the corpus"]
    assert facts["baseline, xnli, accuracy"].endswith("(sd over 5 seeds)")


def test_languages_of_an_older_store_are_shown_by_their_codes():
    evidence = make_evidence()
    details = detail_languages(replace(evidence, languages=evidence.languages.iloc[:0]))
    assert {one.name for one in details[1:]} == set(evidence.languages["language"])


def test_charts_show_the_last_checkpoint_and_clean_data_where_there_is_more():
    evidence = make_evidence()
    both = pd.concat([evidence.contrasts, evidence.contrasts.assign(condition="typos:0.1", delta=-99.0)])
    one = detail_languages(replace(evidence, contrasts=both))[1]
    assert -99.0 not in [row["delta"] for row in json.loads(one.rows)["deltas"]]
    assert one.grid is not None
    assert "−99.0" in [text for row in one.grid.rows for text in row]


def test_exploratory_comparisons_are_told_from_declared_ones():
    rows = json.loads(detail_languages(make_evidence())[1].rows)["deltas"]
    assert {row["name"].startswith("declared: ") for row in rows if row["role"] != "exploratory"} == {True}
    assert {row["name"].startswith("declared: ") for row in rows if row["role"] == "exploratory"} == {False}


def test_a_sweep_without_scores_has_no_languages():
    assert detail_languages(empty_evidence()) == ()
