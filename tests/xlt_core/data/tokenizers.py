"""Small tokenizers of each kind, made on the spot."""

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, processors
from transformers import ByT5Tokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

WORDS = ["the", "cat", "sat", "on", "mat", "dog", "ran", "##s", "##ning", "a", "b", "c", "##a", "##b", "##c"]


def make_bert_tokenizer() -> PreTrainedTokenizerBase:
    """WordPiece with segment ids, as BERT has them."""
    vocabulary = {word: index for index, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    backend = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )


def make_xlmr_tokenizer() -> PreTrainedTokenizerBase:
    """Unigram pieces without segment ids, as XLM-R has them."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *("▁" + word for word in WORDS), "s", "ning", *"abcdefghijklmnop"]
    backend = tokenizers.Tokenizer(models.Unigram([(piece, -float(len(pieces))) for piece in pieces], unk_id=3))
    backend.normalizer = normalizers.Replace("\u200b", "")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    backend.post_processor = processors.TemplateProcessing(
        single=["<s>", "$A", "</s>"],
        pair=["<s>", "$A", "</s>", "</s>", "$B", "</s>"],
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>"
    )


def make_slow_tokenizer() -> PreTrainedTokenizerBase:
    """Written in Python, like XLM's: cannot say which word a token came from."""
    return ByT5Tokenizer()


MAKERS = {"bert": make_bert_tokenizer, "xlmr": make_xlmr_tokenizer, "slow": make_slow_tokenizer}
