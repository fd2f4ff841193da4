"""Rules of selection in an identity: those beside `last` are part of the trial, and of none of its stages."""

import shutil

import pytest

from tests.xlt_core.pair_trials import build_plan
from xlt_core.errors import DataError, SpecError
from xlt_core.plan import TrialPlan
from xlt_core.spec import EvaluationSpec

ALL = ["last", "english_dev", "target_oracle", "averaged"]


def plan(inputs, **evaluation):
    return build_plan(inputs, intermediate=None, evaluation={"languages": ["en", "de"], **evaluation})


@pytest.fixture
def places(inputs, tmp_path):
    """The inputs, with a dev set in German, too."""
    shutil.copytree(inputs, tmp_path / "places")
    data = tmp_path / "places" / "data"
    shutil.copy(data / "test-de.tsv", data / "dev-de.tsv")
    return tmp_path / "places"


@pytest.mark.parametrize("same", [{"selections": ["last"]}, {"selections": "last"}, {"selections": []}])
def test_with_the_last_weights_alone_a_plan_is_what_it_was_before_there_were_rules(inputs, same):
    expected = plan(inputs)
    assert plan(inputs, **same) == plan(inputs, **same, num_candidates=9) == expected
    assert "selections" not in expected.model_dump_json()
    assert "num_candidates" not in expected.model_dump_json()
    assert "selections" not in EvaluationSpec().model_dump()


def test_rules_change_the_trial_and_not_its_stages(places):
    plans = [plan(places), *(plan(places, selections=[rule]) for rule in ALL[1:]), plan(places, selections=ALL)]
    plans.append(plan(places, selections=ALL, num_candidates=7))
    assert len({each.trial_id for each in plans}) == len({each.cell_id for each in plans}) == len(plans)
    assert len({each.stages for each in plans}) == 1


def test_the_last_weights_are_always_there_and_the_order_means_nothing(places):
    expected = plan(places, selections=ALL)
    assert expected.spec.evaluation.selections == tuple(ALL)
    assert plan(places, selections=[*reversed(ALL[1:]), "averaged"]) == expected


def test_a_plan_with_rules_survives_json_unchanged(places):
    made = plan(places, selections=ALL, num_candidates=7)
    assert TrialPlan.model_validate_json(made.model_dump_json()) == made


def test_only_the_oracle_reads_dev_sets_of_target_languages(places):
    before = {rule: plan(places, selections=[rule]).trial_id for rule in ALL}
    path = places / "data" / "dev-de.tsv"
    path.write_bytes(path.read_bytes()[:-2] + b"0\n")
    changed = {rule for rule in ALL if plan(places, selections=[rule]).trial_id != before[rule]}
    assert changed == {"target_oracle"}


def test_without_a_dev_set_to_choose_by_a_rule_is_refused_before_anything_runs(inputs, tmp_path):
    shutil.copytree(inputs, tmp_path / "places")
    for path in (tmp_path / "places" / "data").glob("dev-*"):
        path.unlink()
    with pytest.raises(DataError, match=r"english_dev chooses by the dev set .* no dev data of 'en'"):
        plan(tmp_path / "places", selections=["english_dev"])
    with pytest.raises(DataError, match=r"target_oracle chooses by each .* has no dev data of any"):
        plan(tmp_path / "places", selections=["target_oracle"])
    assert plan(tmp_path / "places", selections=["averaged"])


def test_a_task_that_trains_nothing_has_no_weights_to_choose(inputs):
    with pytest.raises(
        SpecError, match=r"averaged: task 'tatoeba' trains nothing, .* leave evaluation\.selections out"
    ):
        build_plan(
            inputs,
            intermediate=None,
            target={"task": "tatoeba", "data": str(inputs / "data")},
            evaluation={
                "selections": ["averaged"],
                "embedding": {"layer": 1, "pooling": "mean", "special_tokens": True},
            },
        )


def test_weights_that_are_chosen_are_scored_on_clean_data_which_must_be_asked_for(inputs):
    with pytest.raises(SpecError, match=r"clean data, which is not among the conditions; add 'clean'"):
        plan(inputs, selections=["averaged"], conditions=[{"kind": "typos", "share": 0.1}])


@pytest.mark.parametrize("wrong", [{"selections": ["best"]}, {"selections": ["averaged"], "num_candidates": 1}])
def test_an_unknown_rule_and_a_single_candidate_are_refused(inputs, wrong):
    with pytest.raises(ValueError, match=r"english_dev|greater than or equal to 2"):
        plan(inputs, **wrong)
