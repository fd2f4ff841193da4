import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import QueryError
from results.language_choice import choose_languages, keep_languages
from results.snapshot import Snapshot
from results.store import ResultStore
from tests.results.factories import small_sweep, write_store
from tests.results.simulated import language_row

PRESENT = ("macro", "en", "de", "hi", "sw", "ur", "yo", "tr", "xx")


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    store = write_store(tmp_path / "store", small_sweep())
    known = [language_row(code) for code in ("en", "de", "hi", "sw", "ur", "yo", "tr", "fr")]
    unknown = language_row("xx") | {"family": None, "script": None, "resource_band": None}
    store.write_languages([*known, unknown, language_row("kk") | {"script": "Cyrl"}])
    return store


@pytest.fixture
def snapshot(store: ResultStore) -> Snapshot:
    return store.snapshot()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("sw,de", ["sw", "de"]),
        (" sw , macro,", ["sw", "macro"]),
        ("low-resource", ["sw", "yo"]),
        ("macro,low-resource", ["macro", "sw", "yo"]),
        ("high-resource", ["de", "en", "hi", "tr", "ur"]),
        ("absent", ["yo"]),
        ("low", ["sw"]),
        ("band:low", ["sw"]),
        ("mid,sw", ["ur", "sw"]),
        ("family:Turkic", ["tr"]),
        ("family:turkic", ["tr"]),
        ("family:Atlantic-Congo", ["sw", "yo"]),
        ("script:Deva,script:Arab", ["hi", "ur"]),
        ("low-resource,sw", ["sw", "yo"]),
    ],
)
def test_codes_and_groups_are_languages(snapshot: Snapshot, wanted: str, expected: list[str]) -> None:
    assert choose_languages(wanted, PRESENT, snapshot) == expected


def test_a_group_that_is_a_row_of_its_own_is_that_row(snapshot: Snapshot) -> None:
    assert choose_languages("band:low,script:Latn", [*PRESENT, "band:low"], snapshot)[0] == "band:low"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("klingon", r"no language 'klingon' in these results; there are: de, en, .*Groups: absent, very-low, low, "),
        (
            "very-low",
            r"no language of these results is in 'very-low'; by resource band there are: absent, high",
        ),
        ("script:Cyrl", r"no language of these results is in 'script:Cyrl'; by script there are: Arab, Deva, Latn"),
        ("genus:x", r"no language 'genus:x' in these results"),
    ],
)
def test_what_is_neither_is_answered_with_what_there_is(snapshot: Snapshot, wanted: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        choose_languages(wanted, PRESENT, snapshot)


def test_a_store_that_knows_of_no_groups_says_what_to_do(tmp_path: Path) -> None:
    store = write_store(tmp_path, small_sweep())
    with pytest.raises(QueryError, match=r"does not say what is known of its languages.*Give codes \(de, en, macro"):
        keep_languages(store.deltas(), "low-resource", store.snapshot())
    assert keep_languages(store.deltas(), None, store.snapshot()).equals(store.deltas())


@pytest.mark.parametrize("command", ["scores", "deltas", "contrasts"])
def test_commands_take_groups(store: ResultStore, command: str) -> None:
    arguments = [command, store.uri, "--language", "low-resource", "--format", "json"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert {row["language"] for row in json.loads(result.output)} == {"sw"}
    people = CliRunner().invoke(app, arguments[:4], catch_exceptions=False).output
    assert "sw" in people
