import pytest
from pydantic import ValidationError

from search_spaces.resources import Resources
from search_spaces.validation import explain_error
from xlt_core.spec import TrialSpec, parse_trial_spec


def _explain(settings):
    with pytest.raises(ValidationError) as caught:
        parse_trial_spec({"encoder": "mini", "target": {"task": "world"}} | settings)
    return [explain_error(detail, TrialSpec) for detail in caught.value.errors()]


def test_an_unknown_key_is_answered_with_the_keys_beside_it():
    (finding,) = _explain({"model": {"poling": "mean"}})
    assert finding.path == ("model", "poling")
    assert finding.message == (
        "unknown key 'poling'; did you mean 'pooling'? Allowed: dropout, head_dropout, max_length, pooling, questions"
    )


def test_a_value_of_another_kind_is_answered_with_what_is_allowed():
    assert _explain({"model": 3})[0].message.startswith("given 3 for 'model'; allowed: a mapping of dropout, ")
    assert _explain({"model": {"pooling": "max"}})[0].message == (
        "given 'max' for 'model.pooling'; allowed: 'first' or 'mean'"
    )


def test_the_path_holds_settings_and_not_the_words_of_pydantic():
    assert {finding.path for finding in _explain({"evaluation": {"languages": [1]}})} == {("evaluation", "languages")}
    assert _explain({"optim": {"betas": [0.9, 2.0]}})[0].path == ("optim", "betas")


def test_a_check_of_our_own_keeps_its_message():
    (finding,) = _explain({"encoder": {"source": "some/folder", "pretrain": {}}})
    assert finding.path == ("encoder",)
    assert finding.message.startswith("'pretrain' is for the encoder 'mini'")


def test_a_field_that_is_wrong_beside_others_is_named():
    (finding,) = _explain({"target": {"task": "world", "perturbation": {"method": "rs_da", "magnitude": 0.5}}})
    assert finding.path == ("target", "perturbation", "neighbors")
    assert finding.message.startswith("'rs_da' needs 'neighbors'")
    attack = {"kind": "attack", "perturbation": {"method": "fgm", "magnitude": 0.5, "norm": "linf"}}
    (finding,) = _explain({"evaluation": {"conditions": [attack]}})
    assert finding.path == ("evaluation", "conditions", "perturbation", "norm")


def test_a_mistake_in_one_of_a_list_of_conditions_is_answered_with_what_that_kind_reads():
    conditions = ["clean", {"kind": "typos", "share": 0.1, "shar": 1}]
    (finding,) = _explain({"evaluation": {"conditions": conditions}})
    assert finding.path == ("evaluation", "conditions", "shar")
    assert finding.message == "unknown key 'shar'; did you mean 'share'? Allowed: kind, languages, seed, share"
    (finding,) = _explain({"evaluation": {"conditions": [{"kind": "typos", "share": 1.5}]}})
    assert finding.message == "given 1.5 for 'evaluation.conditions.share' of 'typos'; allowed: less than or equal to 1"
    (finding,) = _explain({"evaluation": {"conditions": [{"kind": "typos", "share": 0.1}, "word_drop"]}})
    assert finding.message == "'evaluation.conditions.share' of 'word_drop' is missing"
    (finding,) = _explain({"evaluation": {"conditions": ["typo"]}})
    assert finding.message.startswith("unknown condition 'typo'; did you mean 'typos'?")
    (finding,) = _explain({"evaluation": {"conditions": [{"kind": "noise", "perturbation": {"methd": "uniform"}}]}})
    assert finding.path == ("evaluation", "conditions", "perturbation", "methd")


def test_data_by_split_are_answered_with_the_splits_there_are():
    (missing,) = _explain({"target": {"task": "xnli", "data": {"train": "here"}}})
    assert missing == (("target", "data", "test"), "'target.data.test' is missing")
    missing, unknown = _explain({"target": {"task": "xnli", "data": {"train": "here", "tests": "there"}}})
    assert missing.path == ("target", "data", "test")
    assert unknown.path == ("target", "data", "tests")
    assert unknown.message == "unknown key 'tests'; did you mean 'test'? Allowed: dev, test, train"
    (empty,) = _explain({"target": {"task": "xnli", "data": {"train": "here", "test": ""}}})
    assert empty.path == ("target", "data", "test")
    (number,) = _explain({"target": {"task": "xnli", "data": 3}})
    assert number == (("target", "data"), "given 3 for 'target.data'; allowed: a valid string")


def _explain_space(settings):
    with pytest.raises(ValidationError) as caught:
        Resources.model_validate(settings)
    return [explain_error(detail, Resources) for detail in caught.value.errors()]


def test_a_key_of_an_item_is_named_where_the_list_has_items_of_one_kind():
    assert _explain_space({"rules": [{"gpu": 1}]}) == [(("rules", "match"), "'rules.match' is missing")]
    (finding,) = _explain_space({"rules": [{"match": {"encoder": "mini"}, "gpuu": 1}]})
    assert finding.message == "unknown key 'gpuu'; did you mean 'gpu'? Allowed: cpu, custom, gpu, labels, match"


def test_kinds_of_values_are_called_what_yaml_calls_them():
    assert _explain_space({"rules": 3})[0].message == "given 3 for 'rules'; allowed: a list"
    assert _explain_space({"labels": 3})[0].message == "given 3 for 'labels'; allowed: a mapping"
