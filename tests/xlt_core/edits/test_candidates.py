"""Candidate files: what is read, and that a file which cannot be used says where and why."""

import json
from pathlib import Path

import pytest

from xlt_core.canonical import file_digest
from xlt_core.edits.candidates import read_neighbors, read_word_list
from xlt_core.errors import DataError


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "words.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_neighbours_are_read_as_they_stand(tmp_path):
    path = write(tmp_path, json.dumps({"film": ["movie", "cinema"], "by": []}))
    read = read_neighbors(path)
    assert read.words == {"film": ("movie", "cinema")}
    assert read.digest == file_digest(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"film": ["movie"],}', "line 1: not JSON"),
        ('["film"]', "holds a JSON array; neighbours are an object"),
        ('{"film": "movie"}', "neighbours of 'film' are 'movie'; they must be a list of words"),
        ('{"film": ["movie", 3]}', "they must be a list of words"),
        ('{"film": [" "]}', "they must be a list of words"),
        ('{"film": []}', "no word has a candidate"),
        ("", "the file is empty"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_neighbours_that_cannot_be_used_are_refused_with_the_reason(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        read_neighbors(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json: cannot be read"):
        read_neighbors(tmp_path / "nowhere.json")


def test_several_lines_of_a_word_are_several_translations(tmp_path):
    read = read_word_list(write(tmp_path, "film Film\nbank\tBank\nbank  Ufer\nbank Bank\n\nroad\tHaupt Straße\n"))
    assert read.words == {"film": ("Film",), "bank": ("Bank", "Ufer"), "road": ("Haupt Straße",)}


@pytest.mark.parametrize("line", ["film", "a b c", "a\tb\tc", "a\t", "\tb"])
def test_a_line_that_is_not_two_words_is_refused_with_its_number(tmp_path, line):
    with pytest.raises(DataError, match=r"line 2: .* is not two words"):
        read_word_list(write(tmp_path, f"film Film\n{line}\n"))


def test_of_a_long_line_that_cannot_be_used_only_the_beginning_is_shown(tmp_path):
    neighbors = {"film": ["movie"] * 1000}
    with pytest.raises(DataError, match=r"line 1: .* is not two words") as caught:
        read_word_list(write(tmp_path, json.dumps(neighbors)))
    assert len(str(caught.value)) < len(str(tmp_path)) + 300
    with pytest.raises(DataError, match=r"the neighbours of 'film' are .*\.\.\.; they must be") as caught:
        read_neighbors(write(tmp_path, json.dumps({"film": neighbors["film"] + [1]})))
    assert len(str(caught.value)) < len(str(tmp_path)) + 300


def test_the_real_neighbours_are_read_whole(shared_folder):
    path = shared_folder / "data/counterfitted/counterfitted_neighbors.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    read = read_neighbors(path)
    assert len(read.words) == 49_975 - 24_384
    assert all(read.words.get(word, ()) == tuple(neighbors) for word, neighbors in raw.items())
