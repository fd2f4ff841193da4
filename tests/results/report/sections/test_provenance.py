from dataclasses import replace

from results.report.sections.provenance import trace_provenance
from tests.results.report.evidence_factory import empty_evidence, make_evidence
from xlt_core.yaml_file import parse_yaml

_SPACE = {"name": "made-up", "axes": {"target.perturbation.magnitude": [0.0, 0.3]}, "seeds": 5}


def test_the_space_is_shown_as_yaml_that_gives_it_back():
    evidence = replace(make_evidence(), sweep={"name": "made-up", "space": _SPACE, "analysis": {"alpha": 0.05}})
    provenance = trace_provenance(evidence)
    assert provenance.space is not None
    assert parse_yaml(provenance.space, "shown").values == _SPACE
    assert provenance.analysis == "alpha: 0.05\n"


def test_the_commands_name_the_space_and_the_store():
    commands = trace_provenance(make_evidence()).commands
    assert "xlt sweep run made-up.yaml" in commands
    assert "xlt sweep resume runs/made-up" in commands


def test_versions_identity_devices_and_code_are_among_the_facts():
    evidence = make_evidence()
    trials = evidence.trials.assign(versions='{"torch": "2.13"}', device="cpu", wall_seconds=36.0)
    contrasts = evidence.contrasts.assign(code_versions='{"statistics": 1}')
    facts = {value for _, value in trace_provenance(replace(evidence, trials=trials, contrasts=contrasts)).facts.rows}
    assert {"s1", "runs/made-up", "torch 2.13", "cpu", "statistics: 1", "1.05 hours"} <= facts


def test_test_sets_are_told_by_the_hash_of_their_examples():
    evidence = make_evidence()
    grid = trace_provenance(replace(evidence, contrasts=evidence.contrasts.assign(examples_hash="abc"))).examples
    assert grid is not None
    assert len(grid.rows) == 12
    assert {row[-1] for row in grid.rows} == {"abc"}


def test_every_trial_is_listed_with_its_stages():
    evidence = make_evidence()
    keys = [["k1", "k2"] for _ in range(len(evidence.trials))]
    grid = trace_provenance(replace(evidence, trials=evidence.trials.assign(stage_keys=keys))).trials
    assert grid is not None
    assert len(grid.rows) == len(evidence.trials)
    assert grid.rows[0][-1] == "k1 k2"


def test_a_sweep_that_has_not_begun_has_facts_and_no_tables():
    provenance = trace_provenance(empty_evidence())
    assert (provenance.space, provenance.analysis, provenance.examples, provenance.trials) == (None, None, None, None)
