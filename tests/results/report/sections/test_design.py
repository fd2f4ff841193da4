from dataclasses import replace

from results.report.sections.design import QUESTION, describe_design
from tests.results.report.evidence_factory import Shape, empty_evidence, make_evidence


def test_the_design_is_said_in_words_with_its_numbers():
    shape = Shape(num_languages=12, num_seeds=4)
    text = " ".join(describe_design(make_evidence(shape)).sentences)
    for part in (
        "xnli in English",
        "11 other languages",
        "Russian",
        "mnli",
        "gaussian and pgd",
        "0, 0.03, 0.1 and 0.3",
    ):
        assert part in text
    assert "21 cells with 4 seeds each make 84 trials" in text
    assert "“magnitude 0 · intermediate none”" in text


def test_the_question_is_the_declared_one_or_that_of_the_product():
    assert describe_design(make_evidence()).question == "Does any of it help?"
    assert describe_design(empty_evidence()).question == QUESTION


def test_what_varies_and_what_is_fixed_come_from_the_plan_and_the_space():
    evidence = make_evidence()
    axes = ['{"target.perturbation.magnitude": 0.0}', '{"target.perturbation.magnitude": 0.3}']
    trials = evidence.trials.assign(axes=[axes[place % 2] for place in range(len(evidence.trials))])
    sweep = {"name": "x", "space": {"base": {"encoder": "mini", "optim": {"num_steps": 750}}}}
    design = describe_design(replace(evidence, trials=trials, sweep=sweep))
    assert design.varied is not None
    assert design.varied.rows == (("target.perturbation.magnitude", "0.0, 0.3"),)
    assert design.fixed is not None
    assert design.fixed.rows == (("encoder", "mini"), ("optim.num_steps", "750"))


def test_searches_schedulers_and_shared_stages_are_not_kept_quiet():
    evidence = make_evidence()
    space = {"search": {"optuna": {"sampler": "tpe"}}, "scheduler": {"asha": {}}, "seeds_from": "target"}
    text = " ".join(describe_design(replace(evidence, sweep={"name": "x", "space": space})).sentences)
    assert "searched for" in text
    assert "stopped early" in text
    assert "all seeds share one run of the intermediate stage" in text


def test_a_store_without_a_space_or_a_plan_has_a_design_too():
    assert describe_design(replace(make_evidence(), sweep={})).title == "sweep"
    design = describe_design(empty_evidence())
    assert design.sentences == ("Nothing is planned yet.",)
    assert design.varied is None
