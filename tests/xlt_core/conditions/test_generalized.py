"""Generalized transfer: pairs across languages, joined by id; misaligned files are refused."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.condition_contract import ConditionContract
from tests.contracts.task_contract import write_rows
from xlt_core.canonical import content_key
from xlt_core.conditions.base import TestSets
from xlt_core.conditions.generalized import GeneralizedCondition, WithSecondOf, match_rows
from xlt_core.conditions.spec import GeneralizedSpec
from xlt_core.errors import DataError, SpecError
from xlt_core.tasks import load_task
from xlt_core.tasks.base import PairExamples

ACROSS = {"source": "test data", "languages": ("en", "de")}


def build(ids: Sequence[str], labels: Sequence[int], language: str = "en") -> PairExamples:
    return PairExamples(
        ids=tuple(ids),
        first=tuple(f"{language} first {each}" for each in ids),
        second=tuple(f"{language} second {each}" for each in ids),
        labels=tuple(labels),
    )


class TestGeneralized(ConditionContract):
    kind = "generalized"

    def test_all_ordered_pairs_of_languages_are_scored_the_diagonal_included(self):
        sets = TestSets(task=load_task("pawsx"), data="nowhere", split="test", languages=("de", "en", "zh"))
        pairs = [(view.language, view.condition_language) for view in self.make().views(sets)]
        assert pairs == [(one, other) for one in sets.languages for other in sets.languages]


def test_rows_are_joined_by_id_whatever_their_order():
    first, second = build(["3", "1", "7"], [0, 1, 1]), build(["1", "2", "3"], [1, 0, 0], "de")
    assert [tuple(row) for row in match_rows(first, second, **ACROSS)] == [(0, 2), (1, 0)]


@given(labels=st.lists(st.integers(0, 2), min_size=40, max_size=90), num_wrong=st.integers(0, 2))
def test_rows_whose_labels_disagree_are_left_out(labels, num_wrong):
    ids = [str(place) for place in range(len(labels))]
    wrong = [(label + 1) % 3 if place < num_wrong else label for place, label in enumerate(labels)]
    rows = match_rows(build(ids, labels), build(ids, wrong), **ACROSS)
    assert [row.first for row in rows] == list(range(num_wrong, len(labels)))


def test_files_that_do_not_belong_together_are_refused_with_languages_and_numbers():
    ids = [str(place) for place in range(100)]
    shifted = build(ids, [place // 3 % 2 for place in range(1, 101)])
    with pytest.raises(DataError, match=r"'en' and 'de' disagree in the label of 33 of 100 .*at most 5% are left out"):
        match_rows(build(ids, [place // 3 % 2 for place in range(100)]), shifted, **ACROSS)
    with pytest.raises(DataError, match=r"'en' and 'de' have no example id in common \(2 and 1 examples"):
        match_rows(build("ab", [0, 1]), build("c", [0]), **ACROSS)


def test_row_numbers_stand_for_ids_only_where_no_row_is_missing():
    numbers = [str(place) for place in range(1, 101)]
    whole, cut = build(numbers, [0] * 100), build(numbers[:-1], [0] * 99, "de")
    assert len(match_rows(whole, build(numbers, [0] * 100, "de"), **ACROSS)) == 100
    with pytest.raises(DataError, match=r"have 100 and 99 examples and no ids but row numbers"):
        match_rows(whole, cut, **ACROSS)
    with_ids = build([*numbers[:50], *numbers[51:]], [0] * 99, "de")
    assert len(match_rows(whole, with_ids, **ACROSS)) == 99


@pytest.fixture
def data(tmp_path):
    for language in ("en", "de"):
        rows = [(f"{language} first {place}", f"{language} second {place}", str(place % 2)) for place in range(40)]
        if language == "de":
            rows[5] = (*rows[5][:2], "0")
        write_rows(tmp_path / f"test-{language}.tsv", rows)
    return str(tmp_path)


def test_sentence_one_and_two_come_from_their_languages(data):
    task = load_task("pawsx")
    sets = TestSets(task=task, data=data, split="test", languages=("de", "en"))
    english = task.load_eval(data, "test", "en")
    joined = WithSecondOf(sets=sets, first="en", second="de").apply(english)
    assert joined.first == tuple(text for place, text in enumerate(english.first) if place != 5)
    assert joined.second == tuple(f"de second {place}" for place in range(40) if place != 5)
    assert joined.labels == tuple(place % 2 for place in range(40) if place != 5)
    assert WithSecondOf(sets=sets, first="en", second="en").apply(english) == english


def test_the_key_of_joined_tokens_holds_the_second_sets_content(data):
    sets = TestSets(task=load_task("pawsx"), data=data, split="test", languages=("de", "en"))
    edit = WithSecondOf(sets=sets, first="en", second="de")
    before = content_key(edit.identity())
    assert before != content_key(WithSecondOf(sets=sets, first="en", second="en").identity())
    path = f"{data}/test-de.tsv"
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123
        file.write("x\ty\t0\n")
    assert content_key(edit.identity()) != before


def test_misaligned_files_are_found_before_training(data, tmp_path):
    sets = TestSets(task=load_task("pawsx"), data=data, split="test", languages=("de", "en", "fr"))
    condition = GeneralizedCondition(GeneralizedSpec())
    condition.check(sets)
    write_rows(tmp_path / "test-de.tsv", [("a", "b", str((place + 1) % 2)) for place in range(40)])
    with pytest.raises(DataError, match="'de' and 'en' disagree in the label of 40 of 40"):
        condition.check(sets)


def test_a_task_without_pairs_is_refused(data):
    sets = TestSets(task=load_task("pawsx"), data=data, split="test", languages=("de", "en"))
    from tests.contracts.edit_contract import sentences_of

    with pytest.raises(SpecError, match="no pairs of sentences"):
        WithSecondOf(sets=sets, first="en", second="de").apply(sentences_of(["a b"]))


@pytest.mark.parametrize(("name", "num_languages", "fewest"), [("xnli", 15, 2490), ("pawsx", 7, 1960)])
def test_real_dev_sets_are_parallel(shared_folder, name, num_languages, fewest):
    task, data = load_task(name), str(shared_folder / "data" / name)
    sets = TestSets(task=task, data=data, split="dev", languages=task.languages)
    GeneralizedCondition(GeneralizedSpec()).check(sets)
    assert len(task.find_languages(data, "dev")) == num_languages
    english = task.load_eval(data, "dev", "en")
    for language in task.languages:
        joined = WithSecondOf(sets=sets, first="en", second=language).apply(english)
        assert fewest <= len(joined) <= len(english)
        labels = dict(zip(english.ids, english.labels, strict=True))
        assert all(labels[each] == label for each, label in zip(joined.ids, joined.labels, strict=True))
