"""The word-level tokenizer."""

from transformers import AutoTokenizer

from xlt_core.world.tokenizer import SPECIAL_TOKENS, build_tokenizer, build_vocabulary
from xlt_core.world.world import build_world

WORLD = build_world()
TOKENIZER = build_tokenizer(WORLD)


def all_words():
    return list(dict.fromkeys(word for lexicon in WORLD.lexicons.values() for word in lexicon.words))


def test_every_word_is_one_token_and_comes_back():
    words = all_words()
    ids = TOKENIZER(" ".join(words), add_special_tokens=False, truncation=False)["input_ids"]
    assert len(ids) == len(words) == len(set(ids))
    assert TOKENIZER.convert_ids_to_tokens(ids) == words
    assert set(ids) == set(range(len(SPECIAL_TOKENS), len(TOKENIZER)))


def test_a_pair_is_written_as_by_xlm_r():
    first, second, third = all_words()[:3]
    tokens = TOKENIZER.convert_ids_to_tokens(TOKENIZER(f"{first} {second}", third)["input_ids"])
    assert tokens == ["<s>", first, second, "</s>", "</s>", third, "</s>"]
    assert TOKENIZER.convert_ids_to_tokens(TOKENIZER(first)["input_ids"]) == ["<s>", first, "</s>"]


def test_special_tokens_have_the_ids_of_xlm_r():
    assert TOKENIZER.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]
    assert TOKENIZER.convert_tokens_to_ids("neverheardof") == TOKENIZER.unk_token_id
    assert TOKENIZER.get_vocab() == build_vocabulary(WORLD)


def test_saved_and_loaded_by_its_folder_it_is_the_same(tmp_path):
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    pairs = [(lexicon.words[0], " ".join(lexicon.words[3:9])) for lexicon in WORLD.lexicons.values()]
    for pair in pairs:
        assert loaded(*pair)["input_ids"] == TOKENIZER(*pair)["input_ids"]
    assert loaded.get_vocab() == TOKENIZER.get_vocab()
    assert loaded.model_max_length == TOKENIZER.model_max_length
    assert loaded.mask_token_id == TOKENIZER.mask_token_id
