"""A sample that stands for a data set: ordinary rows, the longest ones, and as many tokens."""

from pathlib import Path

import numpy as np
import pytest

from tests.factories import NUM_WORDS, build_encoder, cut_at
from xlt_core.data.token_cache import TokenRequest
from xlt_core.data.tokenizing import build_token_table
from xlt_core.probe_sample import count_characters, sample_tokens
from xlt_core.tasks import load_task
from xlt_core.tasks.examples import ChoiceExamples, PairExamples, TaggedExamples

NUM_EXAMPLES = 300


@pytest.fixture(scope="module")
def request_for_pairs(tmp_path_factory) -> TokenRequest:
    """Training pairs of which example 123 is much the longest."""
    folder: Path = tmp_path_factory.mktemp("data") / "en"
    folder.mkdir()
    rows = ["id\tsentence1\tsentence2\tlabel"]
    for place in range(NUM_EXAMPLES):
        length = 15 if place == 123 else 1 + place % 4
        text = " ".join(f"w{(place + word) % NUM_WORDS}" for word in range(length))
        rows.append(f"{place}\t{text}\t{text}\t{place % 2}")
    for split in ("train", "dev_2k", "test_2k"):
        (folder / f"{split}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return TokenRequest(task=load_task("pawsx"), data=str(folder.parent), split="train", language="en", cut=cut_at(62))


def test_the_longest_rows_are_those_of_the_whole_data_set(request_for_pairs):
    encoder = build_encoder()
    sample = sample_tokens(request_for_pairs, encoder, num_longest=4, num_sampled=20)
    whole = build_token_table(request_for_pairs.read(), "en", tokenizer=encoder.tokenizer, cut=request_for_pairs.cut)
    assert sample.table.lengths[sample.longest].tolist() == np.sort(whole.lengths)[-4:].tolist()
    assert len(sample.ordinary) == 20
    assert 20 <= len(sample.table) <= 24


def test_a_small_data_set_is_taken_whole_with_the_tokens_that_occur(request_for_pairs):
    sample = sample_tokens(request_for_pairs, build_encoder(), num_longest=4)
    assert len(sample.table) == len(sample.ordinary) == NUM_EXAMPLES
    assert sample.token_ids.tolist() == np.unique(sample.table.input_ids).tolist()


def test_more_tokens_than_those_of_the_sample_are_taken_to_occur(request_for_pairs):
    encoder = build_encoder()
    sample = sample_tokens(request_for_pairs, encoder, num_longest=1, num_sampled=2)
    occurring = np.unique(sample.table.input_ids)
    assert set(occurring) < set(sample.token_ids.tolist())
    assert len(sample.token_ids) == min(2 * len(occurring), encoder.word_embedding.num_embeddings)
    assert len(set(sample.token_ids.tolist())) == len(sample.token_ids)


def test_examples_that_are_not_trained_on_are_left_out(request_for_pairs):
    sample = sample_tokens(request_for_pairs, build_encoder(), num_longest=4, max_examples=7)
    assert len(sample.table) == 7


def test_all_texts_of_an_example_count():
    pairs = PairExamples(ids=("a", "bb"), first=("xy", ""), second=("z", "xyzu"), labels=(0, 1))
    assert np.diff(count_characters(pairs)).tolist() == [1 + 1], "the id counts as well"
    tagged = TaggedExamples(ids=("a", "b"), words=(("xy", "z"), ("x",)), labels=((0, 1), (1,)))
    assert np.diff(count_characters(tagged)).tolist() == [-2]
    choices = ChoiceExamples(ids=("a", "b"), premises=("x", "x"), choices=(("y", "yy"), ("y", "y")), labels=(0, 0))
    assert np.diff(count_characters(choices)).tolist() == [-1]
