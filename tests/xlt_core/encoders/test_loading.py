import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    ModernBertConfig,
    ModernBertModel,
    T5Config,
    T5Model,
    XLMRobertaConfig,
    XLMRobertaModel,
    XLNetConfig,
    XLNetModel,
)

from tests.factories import build_batch, build_encoder, build_tokenizer
from xlt_core.encoders.dropout import QuickDropout
from xlt_core.encoders.linear import QuickLinear
from xlt_core.encoders.loading import load_encoder, wrap_encoder
from xlt_core.errors import EncoderError


@pytest.fixture
def folder(tmp_path) -> Path:
    build_encoder().save(tmp_path / "encoder")
    return tmp_path / "encoder"


def test_a_given_dropout_replaces_the_configurations(folder):
    encoder = load_encoder(folder, dropout=0.25)
    drops = [module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)]
    assert drops
    assert set(drops) == {0.25}
    kept = [module.p for module in load_encoder(folder).modules() if isinstance(module, torch.nn.Dropout)]
    assert set(kept) == {0.0}


def test_every_dropout_of_a_newer_encoder_is_replaced_too(tmp_path):
    config = ModernBertConfig(
        vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, pad_token_id=1
    )
    ModernBertModel(config).save_pretrained(tmp_path)
    build_tokenizer().save_pretrained(tmp_path)
    encoder = load_encoder(tmp_path, dropout=0.25)
    drops = [(name, module.p) for name, module in encoder.named_modules() if isinstance(module, torch.nn.Dropout)]
    assert drops
    assert all(share == 0.25 for _, share in drops), drops


@pytest.mark.parametrize(
    "model",
    [
        T5Model(T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)),
        XLNetModel(XLNetConfig(vocab_size=64, d_model=16, n_layer=1, n_head=2, d_inner=32)),
    ],
    ids=["encoder-decoder", "unlimited positions"],
)
def test_a_model_that_is_no_encoder_of_limited_length_is_refused(model):
    with pytest.raises(EncoderError, match=r"type '\w+' cannot be used.*xlm-roberta"):
        wrap_encoder(model, build_tokenizer())


def test_long_sentences_are_cut_at_their_end_whatever_the_tokenizer_was_saved_with(folder):
    encoder = load_encoder(folder)
    encoder.tokenizer.truncation_side = "left"
    encoder.tokenizer.save_pretrained(folder)
    ids = load_encoder(folder).tokenizer("w1 w2 w3 w4", truncation=True, max_length=4)["input_ids"]
    assert ids == encoder.tokenizer("w1 w2")["input_ids"]


def test_a_loaded_encoder_drops_nothing_until_it_is_trained(folder):
    encoder = load_encoder(folder, dropout=0.25)
    assert not any(module.training for module in encoder.model.modules())


def test_quick_layers_hold_the_very_parameters_of_the_model():
    model = XLMRobertaModel(build_encoder().model.config, add_pooling_layer=False)
    before = dict(model.named_parameters())
    encoder = wrap_encoder(model, build_tokenizer())
    assert {name: id(value) for name, value in encoder.model.named_parameters()} == {
        name: id(value) for name, value in before.items()
    }
    assert any(isinstance(module, QuickLinear) for module in encoder.modules())
    assert any(isinstance(module, QuickDropout) for module in encoder.modules())


def test_half_precision_weights_are_loaded_in_float32(folder):
    weights = load_file(folder / "model.safetensors")
    save_file({name: value.half() for name, value in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    encoder = load_encoder(folder)
    assert {parameter.dtype for parameter in encoder.parameters()} == {torch.float32}


def test_weights_that_lack_a_layer_are_refused(folder):
    weights = load_file(folder / "model.safetensors")
    short = {name: value for name, value in weights.items() if not name.startswith("encoder.layer.1.")}
    save_file(short, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(EncoderError, match=r"the weights lack encoder\.layer\.1\."):
        load_encoder(folder)


def test_a_tokenizer_with_more_tokens_than_embeddings_is_refused():
    config: XLMRobertaConfig = copy.deepcopy(build_encoder().model.config)
    config.vocab_size = 20
    with pytest.raises(EncoderError, match="the tokenizer has 45 tokens, the model's embeddings 20 rows"):
        wrap_encoder(XLMRobertaModel(config, add_pooling_layer=False), build_tokenizer())


def test_a_checkpoint_of_older_days_is_loaded(folder):
    expected = build_encoder().eval()
    (folder / "model.safetensors").unlink()
    torch.save(expected.model.state_dict(), folder / "pytorch_model.bin")
    loaded, batch = load_encoder(folder).eval(), build_batch((5, 9))
    assert torch.equal(loaded.encode(batch, loaded.embed(batch)), expected.encode(batch, expected.embed(batch)))


def test_a_pickle_that_runs_code_is_refused_and_does_not_run(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    (folder / "model.safetensors").unlink()
    torch.save({"weights": Trap()}, folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(folder)
    assert not (tmp_path / "sprung").exists()


def test_code_beside_the_weights_is_not_run(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "trap", "auto_map": {"AutoConfig": "trap.Config", "AutoModel": "trap.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "trap.py").write_text(f"from pathlib import Path; Path({str(tmp_path / 'sprung')!r}).touch()")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(folder)
    assert not (tmp_path / "sprung").exists()


def test_damaged_weights_are_refused(folder):
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(200)
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(folder)


def test_a_folder_that_is_not_there_is_refused():
    with pytest.raises(EncoderError, match="no such folder"):
        load_encoder("/no/such/folder")


def test_a_cached_hub_encoder_is_loaded_without_a_network(folder, tmp_path):
    # In a process of its own, since transformers and huggingface_hub read the cache's place once, when imported.
    snapshot = tmp_path / "hub/models--owner--name/snapshots" / ("0" * 40)
    shutil.copytree(folder, snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text("0" * 40)
    code = "from xlt_core.encoders.loading import load_encoder; print(load_encoder('owner/name').max_length)"
    environment = os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    loaded = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert loaded.stdout.strip() == "62", loaded.stderr


def test_the_real_encoder_agrees_with_transformers(shared_folder):
    source = shared_folder / "encoders/mini-real"
    encoder, plain = load_encoder(source).eval(), XLMRobertaModel.from_pretrained(source, add_pooling_layer=False)
    batch = build_batch((30, 50, 17))
    with torch.no_grad():
        hidden = encoder.encode(batch, encoder.embed(batch))[0].split(batch.lengths)
        for states, ids in zip(hidden, batch.input_ids[0].split(batch.lengths), strict=True):
            expected = plain.eval()(input_ids=ids[None]).last_hidden_state[0]
            torch.testing.assert_close(states, expected, atol=1e-5, rtol=0)
