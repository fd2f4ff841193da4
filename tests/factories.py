"""Small real things for tests: a random XLM-R with a word tokenizer, and packed batches for it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xlt_core.data.batch import IGNORED_LABEL, PackedBatch
from xlt_core.data.tokens import Cut
from xlt_core.encoders.base import Encoder
from xlt_core.encoders.loading import wrap_encoder
from xlt_core.heads import build_head
from xlt_core.model import TrialModel
from xlt_core.spec import ModelSpec
from xlt_core.tasks.base import Shape

NUM_WORDS = 40
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Words `w0` to `w39`, in XLM-R's template."""
    vocabulary = {token: index for index, token in enumerate([*SPECIALS, *(f"w{i}" for i in range(NUM_WORDS))])}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), SPECIALS, strict=True))
    tokens = {f"{name}_token": token for name, token in names.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, cls_token="<s>", sep_token="</s>", model_max_length=62, **tokens
    )


def cut_at(max_length: int, max_question_length: int = 16, doc_stride: int = 4) -> Cut:
    """Lengths for small texts."""
    return Cut(max_length=max_length, max_question_length=max_question_length, doc_stride=doc_stride)


def build_encoder(seed: int = 0, dropout: float = 0.0) -> Encoder:
    """Two layers, 16 wide, random weights."""
    config = XLMRobertaConfig(
        vocab_size=NUM_WORDS + len(SPECIALS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        type_vocab_size=1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        initializer_range=0.2,
    )
    torch.manual_seed(seed)
    return wrap_encoder(XLMRobertaModel(config, add_pooling_layer=False), build_tokenizer())


def build_model(
    shape: Shape = "pair", num_classes: int = 3, dropout: float = 0.0, model: ModelSpec | None = None, seed: int = 0
) -> TrialModel:
    """A trial model on the small encoder."""
    encoder = build_encoder(seed, dropout)
    spec = model or ModelSpec(head_dropout=dropout)
    return TrialModel(encoder, build_head(shape, encoder.hidden_size, num_classes, spec, seed))


def build_batch(
    lengths: tuple[int, ...], shape: Shape = "pair", num_classes: int = 3, first_key: int = 0
) -> PackedBatch:
    """Random words between specials; example `key` has the same words and labels in whatever batch it comes."""
    rows, masks, labels = [], [], []
    for key, length in enumerate(lengths, start=first_key):
        generator = torch.Generator().manual_seed(key)
        words = torch.randint(len(SPECIALS), NUM_WORDS + len(SPECIALS), (length - 2,), generator=generator)
        rows.append(torch.cat([torch.tensor([0]), words, torch.tensor([2])]))
        content = torch.ones(length, dtype=torch.bool)
        content[[0, -1]] = False
        masks.append(content)
        drawn = torch.randint(num_classes, (length,), generator=generator)
        labels.append(drawn[:1] if shape == "pair" else torch.where(content, drawn, IGNORED_LABEL))
    input_ids = torch.cat(rows)[None]
    return PackedBatch(
        input_ids=input_ids,
        lengths=lengths,
        token_type_ids=torch.zeros_like(input_ids),
        content_mask=torch.cat(masks)[None],
        labels=torch.cat(labels)[None],
        example_keys=tuple(range(first_key, first_key + len(lengths))),
        language="en",
    )


def stack_batches(batches: Sequence[PackedBatch]) -> PackedBatch:
    """Batches of equal lengths, one a trial, as one batch of an array of trials."""
    first = batches[0]
    assert all((one.lengths, one.example_keys) == (first.lengths, first.example_keys) for one in batches)
    names = ("input_ids", "token_type_ids", "content_mask", "labels")
    return replace(first, **{name: torch.cat([getattr(one, name) for one in batches]) for name in names})


def write_pair_folder(folder: Path, num_train: int = 240, num_test: int = 60) -> None:
    """A PAWS-X folder in English and German that can be learned: the label says whether the sentences start alike."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, num_examples in (
        ("train-en", num_train),
        ("dev-en", num_test),
        ("test-en", num_test),
        ("test-de", num_test),
    ):
        lines = []
        for place in range(num_examples):
            first, second = (generator.integers(1, NUM_WORDS, size=generator.integers(2, 7)) for _ in range(2))
            label = place % 2
            first[0], second[0] = (1, 1) if label else (1, 2)
            texts = (" ".join(f"w{index}" for index in words) for words in (first, second))
            lines.append("\t".join([*texts, str(label)]) + "\n")
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")


def write_neighbor_file(path: Path) -> None:
    """Synonyms of the tokenizer's words: the next three of every other word, none of the rest."""
    words = {f"w{i}": [f"w{(i + k) % NUM_WORDS}" for k in (1, 2, 3)] if i % 2 else [] for i in range(NUM_WORDS)}
    path.write_text(json.dumps(words), encoding="utf-8")
