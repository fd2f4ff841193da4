"""The same rows for people and for programs."""

import csv
import io
import json

import pytest

from sweeps.cli.output import ListFormat, print_rows

ROWS = [{"name": "pgd, fgm", "on": True, "codes": None}, {"name": "naïve", "on": False, "codes": "a b"}]


def test_json_gives_the_values_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, ["name", "on", "codes"], ListFormat.json, empty="none")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_csv_quotes_and_has_a_head_even_without_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, ["name", "on", "codes"], ListFormat.csv, empty="none")
    assert [row["name"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == ["pgd, fgm", "naïve"]
    print_rows([], ["name", "on"], ListFormat.csv, empty="none")
    assert capsys.readouterr().out == "name,on\n"


def test_a_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, ["name", "on", "codes"], ListFormat.table, empty="none")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "on", "codes"]
    assert "yes" in lines[1]
    assert "None" not in lines[1]
    print_rows([], ["name"], ListFormat.table, empty="there are none")
    assert capsys.readouterr().out == "there are none\n"


def test_brackets_are_shown_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"name": "a[old]b [/x]"}], ["name"], ListFormat.table, empty="none")
    assert "a[old]b [/x]" in capsys.readouterr().out
