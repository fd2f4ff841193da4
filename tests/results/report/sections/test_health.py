from collections import Counter
from dataclasses import replace

import pandas as pd

from results.report.sections.health import examine_health
from results.schema import make_table
from results.statistics.schema import FAILURE_TESTS
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence


def test_every_trial_is_counted_once_by_status():
    evidence = make_evidence()
    health = examine_health(evidence)
    assert dict(health.counts) == Counter(evidence.trials["status"])
    assert health.num_trials == len(evidence.trials)


def test_failed_training_is_a_finding_with_its_share_and_exact_interval():
    health = examine_health(make_evidence(Shape(num_failed=2)))
    assert "Training failed in 6 of 105 trials (6 degenerate, 0 diverged)." in health.sentences[0]
    assert health.failures is not None
    assert {row[4:] for row in health.failures.rows} == {("40 %", "5 % to 85 %")}  # 2 of 5: Clopper-Pearson


def test_tests_of_failures_are_shown_beside_the_shares():
    row = {"kind": "cell", "series": "strong", "target_task": "xnli", "num_failed": 3, "num_ended": 5}
    row |= {"base_failed": 0, "base_ended": 5, "p": 0.1667, "p_method": "Fisher's exact test"}
    tests = make_table([row], FAILURE_TESTS).to_pandas()
    grid = examine_health(replace(make_evidence(), failure_tests=tests)).failure_tests
    assert grid is not None
    assert grid.rows == (("strong", "cell", "3", "5", "0", "5", "0.167", "Fisher's exact test"),)


def test_a_sweep_without_failures_says_so():
    assert "Training failed in none of 105 trials." in examine_health(make_evidence(Shape(num_failed=0))).sentences


def test_trials_still_to_run_are_listed_by_cell_with_a_warning():
    evidence = make_evidence()
    status = evidence.trials["status"].mask(evidence.trials["seed"].ge(3), "pending")
    health = examine_health(replace(evidence, trials=evidence.trials.assign(status=status)))
    assert "42 trials of 105 still to run" in health.sentences[0]
    assert health.missing is not None
    assert len(health.missing.rows) == 21
    assert health.missing.rows[0][1:] == ("2", "5", "3 and 4")


def test_checks_that_failed_are_listed():
    evidence = make_evidence()
    found = [["length"] if place == 0 else [] for place in range(len(evidence.trials))]
    waived = [["length"] for _ in found]
    health = examine_health(replace(evidence, trials=evidence.trials.assign(failed_checks=found, waived=waived)))
    assert health.checks is not None
    assert [row[2:] for row in health.checks.rows] == [("length", "length")]
    assert any("all passed in 104 of 105" in sentence for sentence in health.sentences)


def test_results_with_and_without_failed_runs_stand_side_by_side():
    evidence = make_evidence()
    macro = evidence.contrasts[evidence.contrasts["unit"].eq("macro")]
    worse = macro.assign(runs="all", failed_runs="at chance", delta=macro["delta"] - 5, k=macro["k"] + 2)
    health = examine_health(replace(evidence, contrasts=pd.concat([evidence.contrasts, worse])))
    assert health.with_failed is not None
    assert len(health.with_failed.rows) == len(macro)
    headings = [column.heading for column in health.with_failed.columns]
    first, row = macro.iloc[0], health.with_failed.rows[0]
    assert row[headings.index("without: delta")] == f"{first['delta']:+.1f}".replace("-", "−")
    assert row[headings.index("with: delta")] == f"{first['delta'] - 5:+.1f}".replace("-", "−")
    assert "at chance" in health.with_failed.caption


def test_sizes_of_the_perturbation_are_shown_as_they_really_were():
    health = examine_health(make_evidence())
    assert health.sizes is not None
    assert health.sizes.columns[2].heading == "size"


def test_a_sweep_that_has_not_begun_has_no_tables():
    health = examine_health(empty_evidence())
    assert health.sentences == ("Nothing is planned yet.",)
    assert (health.failures, health.reasons, health.missing, health.checks, health.sizes, health.with_failed) == (
        None,
    ) * 6
