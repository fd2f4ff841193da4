import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from search_spaces.document import read_document
from search_spaces.problems import SpaceError


def test_values_are_plain_and_words_stay_strings():
    values = read_document("a: none\nb: no\nc: on\nd: ~\ne: [1, 2.5, 1e-5, true]\nf: {g: '0'}\n", "x.yaml").values
    assert values == {"a": "none", "b": "no", "c": "on", "d": None, "e": [1, 2.5, 1e-5, True], "f": {"g": "0"}}
    assert {type(value) for value in values["e"]} == {int, float, bool}


def test_every_key_and_item_has_its_line():
    document = read_document("# comment\na:\n  b: {c: 1,\n    d: 2}\n  e:\n  - 3\n  - {f: 4}\n", "x.yaml")
    lines = {key: origin.rpartition(":")[2] for key, origin in document.origins.items()}
    assert lines == {
        "a": "2",
        "a.b": "3",
        "a.b.c": "3",
        "a.b.d": "4",
        "a.e": "5",
        "a.e[0]": "6",
        "a.e[1]": "7",
        "a.e[1].f": "7",
    }


def test_what_is_not_written_comes_from_what_it_would_be_in():
    document = read_document("a:\n  b: [1]\n", "x.yaml")
    assert document.origin_of(("a", "b", 5)) == "x.yaml:2"
    assert document.origin_of(("a", "z", "y")) == "x.yaml:1"
    assert document.origin_of(("z",)) == "x.yaml"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"^x\.yaml: the file is empty"),
        ("# only a comment\n", r"^x\.yaml: the file is empty"),
        ("- a\n", r"^x\.yaml: given a list; a space is a mapping"),
        ("word", r"^x\.yaml: given a string; a space is a mapping"),
        ("a: 1\nb:\n\tc: 2\n", r"^x\.yaml:3: no YAML: .*indent with spaces, not tabs"),
        ("a: 1\nb: [1, 2\n", r"^x\.yaml:\d: no YAML"),
        ("a: 1\nb: 2\na: 3\n", r'^x\.yaml:3: found duplicate key "a".*keep one of them'),
        ("a: 1\nb: {c: 1, c: 2}\n", r'^x\.yaml:2: found duplicate key "c"'),
        ("a: 1\n---\nb: 2\n", r"^x\.yaml:2: no YAML: expected a single document"),
        ("a: 1\n2: 3\n", r"^x\.yaml:2: key 2 is no string; quote it"),
        ("a:\n  b: 2020-01-01\n", r"^x\.yaml:2: a\.b: given a date; quote it"),
        ("a: !!python/object/apply:os.getcwd []\n", r"^x\.yaml:1: a: tag '.*os\.getcwd' is not allowed"),
        ("a: !mine word\n", r"^x\.yaml:1: a: tag '!mine' is not allowed"),
        ("a: \x00", r"^x\.yaml: no YAML: .*not allowed"),
    ],
)
def test_what_is_no_mapping_of_plain_values_is_refused_with_its_line(text, message):
    with pytest.raises(SpaceError, match=message):
        read_document(text, "x.yaml")


@given(st.text(max_size=40))
def test_any_text_gives_what_a_safe_loader_gives_or_an_error_with_the_file(text):
    try:
        values = read_document(text, "x.yaml").values
    except SpaceError as error:
        assert str(error).startswith("x.yaml")  # noqa: PT017
    else:
        assert values == YAML(typ="safe", pure=True).load(text)
