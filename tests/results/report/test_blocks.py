import numpy as np
import pandas as pd

from results.report.blocks import lay_out, write
from results.report.wording import NOTHING


def test_a_frame_becomes_text_under_its_own_headings_with_numbers_to_the_right():
    frame = pd.DataFrame({"cell": ["a", "b"], "delta": ["+1.2", "−0.4"], "k": [5, 3], "note": [None, "few"]})
    grid = lay_out(frame, "Two cells")
    assert [(column.heading, column.is_number) for column in grid.columns] == [
        ("cell", False),
        ("delta", True),
        ("k", True),
        ("note", False),
    ]
    assert grid.rows == (("a", "+1.2", "5", NOTHING), ("b", "−0.4", "3", "few"))


def test_a_column_of_intervals_and_gaps_counts_as_numbers_one_of_gaps_alone_does_not():
    frame = pd.DataFrame({"interval": ["−0.4 to +1.2", NOTHING], "empty": [np.nan, np.nan]})
    assert [column.is_number for column in lay_out(frame, "").columns] == [True, False]


def test_a_frame_without_rows_keeps_its_headings():
    grid = lay_out(pd.DataFrame({"a": [], "b": []}), "")
    assert [column.heading for column in grid.columns] == ["a", "b"]
    assert grid.rows == ()


def test_lists_arrays_and_mappings_are_written_out():
    assert write(np.array([1, 2])) == "1, 2"
    assert write([]) == NOTHING
    assert write({"torch": "2.13"}) == "torch: 2.13"
    assert write(pd.NaT) == NOTHING
