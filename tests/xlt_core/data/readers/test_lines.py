"""Lines are what a line feed ends, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_core.data.readers.lines import read_lines
from xlt_core.errors import DataError

line = st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(line, min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_written_lines_come_back_whatever_separators_unicode_has(tmp_path_factory, lines, end):
    path = tmp_path_factory.mktemp("lines") / "file.txt"
    path.write_bytes("".join(text + end for text in lines).encode())
    assert read_lines(path) == lines


def test_a_byte_order_mark_is_not_text(tmp_path):
    (tmp_path / "file.txt").write_bytes(b"\xef\xbb\xbfone\n")
    assert read_lines(tmp_path / "file.txt") == ["one"]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"file.txt: cannot be read \(No such file"):
        read_lines(tmp_path / "file.txt")
