"""Conditions on texts: the edits they stand for, and the files that they read."""

import json
from pathlib import Path

import pytest

from tests.contracts.condition_contract import TextConditionContract
from xlt_core.canonical import content_key
from xlt_core.errors import DataError

NEIGHBORS = {"film": ["movie"], "good": ["fine", "nice"], "a": list("bcdefghi")}


class TestTypos(TextConditionContract):
    kind = "typos"

    def settings(self):
        return {"share": 0.5}


class TestWordDrop(TextConditionContract):
    kind = "word_drop"

    def settings(self):
        return {"share": 0.5}


class TestWordSwap(TextConditionContract):
    kind = "word_swap"

    def settings(self):
        return {"share": 0.5}


class _FileContract(TextConditionContract):
    field: str

    def write(self, folder: Path) -> Path:
        raise AssertionError

    @pytest.fixture(autouse=True)
    def _file(self, tmp_path_factory):
        self.path = self.write(tmp_path_factory.mktemp("words"))

    def settings(self):
        return {"share": 0.9, self.field: str(self.path)}

    def test_the_file_counts_by_its_content_and_not_by_its_place(self, tmp_path):
        key = content_key(self.make().identity())
        moved = tmp_path / "moved.txt"
        moved.write_bytes(self.path.read_bytes())
        assert content_key(self.make(**{self.field: str(moved)}).identity()) == key
        moved.write_bytes(self.path.read_bytes() + b"\n")
        assert content_key(self.make(**{self.field: str(moved)}).identity()) != key

    def test_a_file_that_cannot_be_used_is_refused_when_the_condition_is_made(self, tmp_path):
        (tmp_path / "bad").write_text("one\n")
        with pytest.raises(DataError, match="bad"):
            self.make(**{self.field: str(tmp_path / "bad")})

    def test_it_is_for_the_language_of_its_file(self):
        assert self.make().spec.chosen_languages == ("en",)
        assert self.make(language="de").spec.chosen_languages == ("de",)


class TestSynonyms(_FileContract):
    kind = "synonyms"
    field = "neighbors"

    def write(self, folder):
        path = folder / "neighbors.json"
        path.write_text(json.dumps(NEIGHBORS), encoding="utf-8")
        return path

    def test_the_released_law_is_the_default(self):
        spec = self.make().spec
        assert (spec.match_capitalized, spec.strip_punctuation) == (False, False)
        assert type(spec).model_fields["share"].default == 1.0


class TestCodeSwitch(_FileContract):
    kind = "code_switch"
    field = "word_list"

    def write(self, folder):
        path = folder / "en-de.txt"
        path.write_text("good gut\nfilm\tFilm\nfilm Streifen\na ein\n", encoding="utf-8")
        return path

    def test_capitals_and_punctuation_do_not_hide_a_word(self):
        from tests.contracts.edit_contract import pairs_of

        (text,) = set(self.edit(share=1.0).apply(pairs_of(["Good, (a) x!"])).first)
        assert text == "Gut, (ein) x!"
