"""Tab-separated pairs: quotes against Python's csv module, and the order of layouts."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from xlt_core.data.readers.tsv import PairLayout, PairReader

READER = PairReader(layouts=(PairLayout(paths={"test": "test-{language}.tsv"}),))
LABELS = ("0", "1")
text = st.text(st.sampled_from('ab" ,\u2028'), min_size=1, max_size=8)
rows = st.lists(st.tuples(text, text, st.sampled_from(LABELS)), min_size=1, max_size=5)


def read(path):
    examples = READER.read_files((path,), LABELS)
    labels = [LABELS[label] for label in examples.labels]
    return list(zip(examples.first, examples.second, labels, strict=True))


@given(rows)
def test_what_a_csv_writer_wrote_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tsv") / "test-en.tsv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
    assert read(path) == rows


@given(rows)
def test_quotes_in_a_plain_file_stay_where_one_of_them_is_a_lone_one(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tsv") / "test-en.tsv"
    rows = [*rows, ('12" tall', "b", "0")]
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8", newline="")
    assert read(path) == rows


def test_the_first_layout_that_has_a_file_is_taken(tmp_path):
    reader = PairReader(
        layouts=(PairLayout(paths={"test": "new-{language}"}), PairLayout(paths={"test": "{language}"}))
    )
    (tmp_path / "de").touch()
    (tmp_path / "en").touch()
    (tmp_path / "new-en").touch()
    found = reader.find_files(tmp_path, "test", ("en", "fr", "de"))
    assert found == {"en": (tmp_path / "new-en",), "de": (tmp_path / "de",)}
