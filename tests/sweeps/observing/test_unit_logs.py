"""A unit is found by what a person would call it; its events are put into words."""

from pathlib import Path

import pytest

from results.store import ResultStore
from sweeps.observing.events import EventLog, log_path, parse_events
from sweeps.observing.unit_logs import describe_event, find_unit, list_begun, read_log
from sweeps.planning.plan import collect_shared_stages, plan_sweep
from tests.sweeps.factories import make_space
from xlt_core.errors import XltError


@pytest.fixture(scope="module")
def store(finished_sweep: Path) -> ResultStore:
    return ResultStore.open(finished_sweep)


def test_a_trial_is_found_by_id_the_beginning_of_it_its_title_and_a_part_of_its_title(store: ResultStore) -> None:
    trial = plan_sweep(make_space()).trials[1]
    for wanted in (trial.trial_id, trial.trial_id[:8], trial.title):
        assert find_unit(store, wanted).unit_id == trial.trial_id
    found = find_unit(store, "0.5 · INTERMEDIATE none")
    assert found.title == "magnitude 0.5 · intermediate none · seed 0"


def test_a_stage_is_found_by_its_key_and_its_title(store: ResultStore) -> None:
    pretrain, _ = collect_shared_stages(plan_sweep(make_space()).trials)
    for wanted in (pretrain.stage.key, pretrain.title):
        assert find_unit(store, wanted).unit_id == pretrain.stage.key


def test_what_may_be_several_is_refused_with_them(store: ResultStore) -> None:
    with pytest.raises(XltError, match=r"may be any of 4: magnitude 0 .*give an id"):
        find_unit(store, "magnitude")


def test_what_is_none_is_refused_with_where_to_look(store: ResultStore) -> None:
    with pytest.raises(XltError, match=r"no trial or stage 'nothing like it'.*xlt sweep logs"):
        find_unit(store, "nothing like it")


def test_every_unit_of_a_sweep_leaves_a_log_that_says_how_it_ended(store: ResultStore) -> None:
    trials = plan_sweep(make_space()).trials
    units = {trial.trial_id: trial.title for trial in trials}
    units |= {one.stage.key: one.title for one in collect_shared_stages(trials)}
    begun = {name.unit_id: (name.title, event.event) for name, event in list_begun(store)}
    assert begun == {unit_id: (title, "published") for unit_id, title in units.items()}


def test_a_trial_tells_its_steps_with_losses_and_each_language(store: ResultStore) -> None:
    trial = plan_sweep(make_space()).trials[0]
    events = list(parse_events(read_log(store.storage, trial.trial_id)))
    steps = [event.fields for event in events if event.event == "step"]
    assert steps[-1]["step"] == steps[-1]["num_steps"] == 4
    assert isinstance(steps[-1]["loss"], float)
    assert [event.fields["language"] for event in events if event.event == "scored"] == list(trial.plan.languages)
    assert {event.attempt for event in events} == {1}
    assert len({event.launch_id for event in events} - {""}) == 1


def test_events_are_told_in_words_with_tracebacks_below(tmp_path: Path) -> None:
    log = EventLog(log_path(tmp_path, "t"), launch_id="l1", attempt=2)
    log.write("attempt", kind="trial", title="x")
    log.write("step", step=3, num_steps=8, loss=0.123456)
    log.write("step", step=8, num_steps=8, loss=float("nan"))
    log.write("scored", language="de", condition="clean", condition_language=None, value=61.23456)
    log.write("failed", reason="OSError: gone", traceback="Traceback:\n  line 1", will_retry=True)
    texts = [describe_event(event) for event in parse_events(log_path(tmp_path, "t").read_bytes())]
    assert "attempt    number 2 of launch l1, on " in texts[0]
    assert texts[1].endswith("step       3/8  loss 0.1235")
    assert texts[2].endswith("step       8/8  loss nan")
    assert texts[3].endswith("scored     language de, condition clean, value 61.23")
    first, *below = texts[4].splitlines()
    assert first.endswith("failed     OSError: gone; another attempt follows")
    assert below == ["    Traceback:", "      line 1"]


def test_what_has_not_begun_has_an_empty_log(store: ResultStore) -> None:
    assert read_log(store.storage, "none") == b""


def test_what_became_of_a_trial_in_an_array_is_told_in_words(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "t.jsonl", launch_id="l", attempt=1)
    log.write("left", width=3)
    log.write("left", width=1)
    log.write("alone", reason="RuntimeError: no kernel", traceback="Traceback:\n  here")
    left, first, alone = map(describe_event, parse_events((tmp_path / "t.jsonl").read_bytes()))
    assert left.endswith("handed out again: 3 at a time is quicker here")
    assert first.endswith("handed out again: one by one is quicker here")
    assert alone.splitlines()[0].endswith("runs alone from here on: RuntimeError: no kernel")
    assert alone.count("here\n") + alone.count("  here") == 1
