"""Rules of selection against trials that were stopped at each candidate's step, whose last weights those are."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.xlt_core.pair_trials import NUM_STEPS, build_plan, build_workspace, comparable
from xlt_core.run import run_trial
from xlt_core.selection import _choose

STEPS = (12, 24, 36, 48, 60)
RULES = ["english_dev", "target_oracle", "averaged"]
TYPOS = {"kind": "typos", "share": 0.2}


@pytest.fixture(scope="module")
def places(inputs, tmp_path_factory):
    """The inputs, with a dev set in German, too, and no test set in French, of which there is a dev set."""
    folder = tmp_path_factory.mktemp("places")
    shutil.copytree(inputs, folder, dirs_exist_ok=True)
    lines = (folder / "data" / "test-de.tsv").read_text().splitlines(keepends=True)
    (folder / "data" / "dev-de.tsv").write_text("".join([*lines[30:], *lines[:30]]))
    return folder


def plan_rules(places, *rules, **evaluation):
    asked = {"languages": ["en", "de"], **evaluation} | ({"selections": list(rules)} if rules else {})
    return build_plan(places, intermediate=None, evaluation=asked)


def values(result, selection="last", condition="clean"):
    """Values by language."""
    rows = [score for score in result.scores if (score.selection, score.condition) == (selection, condition)]
    assert len({row.language for row in rows}) == len(rows)
    return {row.language: row.value for row in rows}


@pytest.fixture(scope="module")
def stopped(places, tmp_path_factory):
    """Trials without any rule, stopped at each candidate's step, scored on the test sets and on the dev sets."""
    workspace = build_workspace(tmp_path_factory.mktemp("stopped"))
    plans = {split: plan_rules(places, split=split) for split in ("test", "dev")}
    return {
        step: {split: run_trial(plan, workspace, stop_at_step=step) for split, plan in plans.items()} for step in STEPS
    }


@pytest.fixture(scope="module")
def chosen(places, tmp_path_factory):
    """A trial with every rule, and what it told of."""
    events = []
    workspace = build_workspace(
        tmp_path_factory.mktemp("chosen"), on_event=lambda event, fields: events.append((event, fields))
    )
    return run_trial(plan_rules(places, *RULES, conditions=["clean", TYPOS]), workspace), events


def test_a_rule_changes_nothing_of_what_the_last_weights_score(places, chosen, tmp_path):
    result, _ = chosen
    alone = run_trial(plan_rules(places, conditions=["clean", TYPOS]), build_workspace(tmp_path))
    last = [score for score in result.scores if score.selection == "last"]
    assert {**comparable(result), "scores": tuple(last)} == comparable(alone)


def best_step(scores):
    """The earliest of the steps with the best score."""
    return min(scores, key=lambda step: (-scores[step], step))


@given(st.lists(st.one_of(st.integers(0, 4), st.just("no labels")), min_size=1, max_size=6))
def test_of_several_best_weights_the_earliest_are_chosen_and_those_without_a_score_are_not(found):
    dev = {10 * (place + 1): {"sw": float(each) if isinstance(each, int) else each} for place, each in enumerate(found)}
    scores = {step: each["sw"] for step, each in dev.items() if isinstance(each["sw"], float)}
    assert _choose(dev, "sw") == (best_step(scores) if scores else "no labels")


def test_english_dev_has_the_scores_of_the_weights_that_are_best_on_the_source_languages_dev_set(chosen, stopped):
    result, events = chosen
    dev = {step: stopped[step]["test"].source_dev_score for step in STEPS}
    assert len(set(dev.values())) > 1, "or any rule would do"
    best = best_step(dev)
    assert values(result, "english_dev") == values(stopped[best]["test"])
    assert ("selected", {"selection": "english_dev", "steps": {"de": best, "en": best}}) in events


def test_target_oracle_has_the_scores_of_the_weights_that_are_best_on_each_languages_dev_set(chosen, stopped):
    result, events = chosen
    for language in ("de", "en"):
        dev = {step: values(stopped[step]["dev"])[language] for step in STEPS}
        best = best_step(dev)
        assert values(result, "target_oracle")[language] == values(stopped[best]["test"])[language]
        told = next(fields["steps"] for event, fields in events if fields.get("selection") == "target_oracle")
        assert told[language] == best


def test_on_the_dev_sets_themselves_the_oracle_is_as_good_as_any_weights(places, stopped, tmp_path):
    result = run_trial(plan_rules(places, *RULES, split="dev"), build_workspace(tmp_path))
    for language, value in values(result, "target_oracle").items():
        assert value == max(values(stopped[step]["dev"])[language] for step in STEPS)
        assert value >= values(result)[language]
        assert value >= values(result, "english_dev")[language]


def test_other_weights_are_scored_on_clean_data_and_leave_no_predictions(chosen):
    result, _ = chosen
    assert {(score.selection, score.condition) for score in result.scores} == {
        ("last", "clean"),
        ("last", "typos:0.2"),
        *((rule, "clean") for rule in RULES),
    }
    assert all(set(values(result, rule)) == {"de", "en"} for rule in RULES)
    assert len(result.predictions) == 4


def test_each_set_of_weights_is_scored_once(chosen):
    _, events = chosen
    num_scored = sum(event == "scored" for event, _ in events)
    chosen_weights = {
        (step, language)
        for event, fields in events
        if event == "selected"
        for language, step in fields["steps"].items()
        if step != NUM_STEPS
    }
    of_the_last, of_the_mean = 4, 2
    assert num_scored == of_the_last + len(chosen_weights) + of_the_mean


def test_a_trial_that_is_killed_while_weights_are_chosen_trains_nothing_again_and_scores_the_same(
    places, chosen, tmp_path
):
    def kill(event, _fields):
        if event == "selected":
            raise InterruptedError

    plan = plan_rules(places, *RULES, conditions=["clean", TYPOS])
    with pytest.raises(InterruptedError):
        run_trial(plan, build_workspace(tmp_path, on_event=kill))
    seen = []
    assert comparable(run_trial(plan, build_workspace(tmp_path), seen.append)) == comparable(chosen[0])
    assert not seen


def test_what_is_known_is_not_scored_again_under_any_rule(places, tmp_path):
    plan = plan_rules(places, *RULES)
    result = run_trial(plan, build_workspace(tmp_path), known={("de", "clean")})
    assert {score.language for score in result.scores} == {"en"}
    assert {score.selection for score in result.scores} == {"last", *RULES}


def test_a_language_without_a_dev_set_has_a_reason_under_the_oracle_alone(inputs, tmp_path):
    result = run_trial(plan_rules(inputs, *RULES), build_workspace(tmp_path))
    assert values(result, "target_oracle")["de"] is None
    reason = next(each.reason for each in result.scores if (each.selection, each.language) == ("target_oracle", "de"))
    assert "no dev data of 'de'" in reason
    assert None not in values(result, "english_dev").values()
    assert None not in values(result, "averaged").values()


def test_a_training_that_diverged_has_its_reason_under_every_rule(places, tmp_path):
    wild = {"num_steps": 30, "learning_rate": 1e30, "max_grad_norm": 1e30, "warmup_ratio": 0.0}
    evaluation = {"languages": ["en", "de"], "selections": RULES}
    result = run_trial(
        build_plan(places, intermediate=None, optim=wild, evaluation=evaluation), build_workspace(tmp_path)
    )
    assert result.status == "diverged"
    assert {(score.selection, score.language) for score in result.scores} == {
        (rule, language) for rule in ("last", *RULES) for language in ("en", "de")
    }
    assert all(score.value is None and "diverged" in score.reason for score in result.scores)


def test_a_trial_that_is_stopped_chooses_among_the_weights_until_then(places, stopped, tmp_path):
    result = run_trial(plan_rules(places, *RULES), build_workspace(tmp_path), stop_at_step=30)
    assert result.status == "stopped_early"
    dev = {step: stopped[step]["test"].source_dev_score for step in (12, 24)} | {30: result.source_dev_score}
    best = best_step(dev)
    expected = values(result) if best == 30 else values(stopped[best]["test"])
    assert values(result, "english_dev") == expected


def test_kept_weights_are_those_of_the_last_step_so_that_rules_train_again(places, tmp_path):
    workspace = build_workspace(tmp_path, keep_weights=True)
    alone = run_trial(plan_rules(places), workspace)
    seen = []
    result = run_trial(plan_rules(places, "averaged"), workspace, seen.append)
    assert len(seen) == NUM_STEPS
    assert values(result) == values(alone)
