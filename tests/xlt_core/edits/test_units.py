"""Units of a text: words, letters of scripts without spaces, and that the pieces give the text again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_core.edits.units import Letter, classify_letter, join_units, split_clusters, split_units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("a good film, a Good\tFilm! ", ["a", "good", "film,", "a", "Good", "Film!"]),
        ("他说，妈妈。", ["他", "说，", "妈", "妈。"]),
        ("Four Rivers 委员会与 Audubon", ["Four", "Rivers", "委", "员", "会", "与", "Audubon"]),
        ("ピート・ビール", ["ピ", "ー", "ト・", "ビ", "ー", "ル"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("क्षत्रिय ने", ["क्षत्रिय", "ने"]),
        ("그는 집에", ["그는", "집에"]),
        ("  ", []),
        ("a\x1fb\x1c", ["a", "b"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_or_letters_of_scripts_without_spaces(text, units):
    assert split_units(text).units == units


@given(text=st.text(st.sampled_from("ab \t\n我の，ทีเ่é́कि .-‍") | st.characters(), max_size=20))
def test_the_pieces_give_the_text_again(text):
    assert join_units(split_units(text)) == text
    assert "".join(split_clusters(text)) == text
    assert not any(unit.isspace() for unit in split_units(text).units)


@given(text=st.text(st.sampled_from("aéक्षिทีเ่我ー́")))
def test_no_piece_but_the_first_starts_with_a_combining_mark(text):
    for piece in split_clusters(text)[1:]:
        assert not unicodedata.category(piece[0]).startswith("M")


@pytest.mark.parametrize(
    ("cluster", "letter"),
    [
        ("a", Letter("LATIN", False)),
        ("É", Letter("LATIN", False)),
        ("ж", Letter("CYRILLIC", False)),
        ("कि", Letter("DEVANAGARI", False)),
        ("我", Letter("CJK", True)),
        ("ที่", Letter("THAI", True)),
        ("집", Letter("HANGUL", False)),
        ("3", None),
        ("，", None),
        (" ", None),
        ("🙂", None),
    ],
)
def test_a_letter_is_known_by_its_script(cluster, letter):
    assert classify_letter(cluster) == letter
