"""One whole trial, from files to scores, on every kind of encoder: packed, padded, with segment or language ids."""

import json
from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2Model,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    XLMConfig,
    XLMModel,
    XLMTokenizer,
)

from tests.factories import NUM_WORDS, build_tokenizer, write_pair_folder
from xlt_core.encoders.loading import load_encoder
from xlt_core.plan import plan_trial
from xlt_core.result import TrialResult
from xlt_core.run import run_trial
from xlt_core.spec import parse_trial_spec
from xlt_core.workspace import Workspace

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def save(config: PreTrainedConfig, model: type[PreTrainedModel], tokenizer: PreTrainedTokenizerBase, folder: Path):
    torch.manual_seed(0)
    model(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def save_bert(folder: Path) -> None:
    """As multilingual BERT: word pieces, segment ids."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{index}" for index in range(NUM_WORDS))]
    tokenizer = BertTokenizer(vocab={word: index for index, word in enumerate(words)}, model_max_length=64)
    config = BertConfig(vocab_size=len(words), max_position_embeddings=64, **SMALL, initializer_range=0.2)
    save(config, BertModel, tokenizer, folder)


def save_xlm(folder: Path, languages: tuple[str, ...] = ("en", "de")) -> None:
    """As XLM: byte pairs by its own slow tokenizer, language ids."""
    digits, words = "0123456789", [f"w{index}</w>" for index in range(NUM_WORDS)]
    stems = [f"w{digit}" for digit in digits[: NUM_WORDS // 10]]
    specials = [f"<special{index}>" for index in range(10)]
    pieces = [
        "<s>",
        "</s>",
        "<pad>",
        "<unk>",
        *specials,
        *words,
        *stems,
        "w",
        *digits,
        *(f"{digit}</w>" for digit in digits),
    ]
    merges = [f"w {digit}</w>" for digit in digits] + [f"w {stem[1]}" for stem in stems]
    merges += [f"w{word[1]} {word[2]}</w>" for word in words[10:]]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({piece: index for index, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("".join(f"{merge} 1\n" for merge in merges))
    tokenizer = XLMTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=64)
    numbers = {language: index for index, language in enumerate(languages)}
    config = XLMConfig(
        vocab_size=len(pieces), emb_dim=16, n_layers=2, n_heads=2, max_position_embeddings=64, pad_index=2,
        bos_index=0, eos_index=1, unk_index=3, pad_token_id=2, n_langs=max(2, len(languages)), use_lang_emb=True,
        lang2id=numbers, embed_init_std=0.2,
    )  # fmt: skip
    save(config, XLMModel, tokenizer, folder)


def save_deberta(folder: Path) -> None:
    """Relative positions inside attention, so it goes padded."""
    tokenizer = build_tokenizer()
    config = DebertaV2Config(
        vocab_size=len(tokenizer), max_position_embeddings=64, relative_attention=True, position_buckets=16,
        pos_att_type=["p2c", "c2p"], type_vocab_size=0, pad_token_id=1, initializer_range=0.2, **SMALL,
    )  # fmt: skip
    save(config, DebertaV2Model, tokenizer, folder)


def run(folder: Path) -> TrialResult:
    write_pair_folder(folder / "data")
    spec = {
        "encoder": str(folder / "encoder"),
        "target": {
            "task": "pawsx",
            "data": str(folder / "data"),
            "perturbation": {"method": "fgm", "magnitude": 0.01},
        },
        "optim": {"num_steps": 100, "learning_rate": 5e-3, "batch_size": 16},
        "model": {"pooling": "mean"},
    }
    return run_trial(plan_trial(parse_trial_spec(spec)), Workspace(root=folder / "out", device="cpu"))


@pytest.mark.parametrize(
    ("save_encoder", "kind"), [(save_bert, "Packed"), (save_xlm, "Padded"), (save_deberta, "Padded")]
)
def test_a_trial_learns_with_this_kind_of_encoder(tmp_path, save_encoder, kind):
    save_encoder(tmp_path / "encoder")
    assert type(load_encoder(tmp_path / "encoder")).__name__ == f"{kind}Encoder"
    result = run(tmp_path)
    scores = {score.language: score.value for score in result.scores}
    assert result.status == "ok", result.reason
    assert scores["en"] > 80.0
    assert scores["de"] > 80.0


def test_a_language_that_the_encoder_does_not_know_is_a_row_with_the_reason(tmp_path):
    save_xlm(tmp_path / "encoder", languages=("en",))
    scores = {score.language: score for score in run(tmp_path).scores}
    assert scores["en"].value is not None
    assert scores["de"].value is None
    assert "no language 'de'" in scores["de"].reason
