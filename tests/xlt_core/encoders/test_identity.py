import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.factories import build_encoder
from xlt_core.encoders.identity import encoder_fingerprint, parse_hub_id
from xlt_core.errors import EncoderError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path) -> Path:
    build_encoder().save(tmp_path / "encoder")
    return tmp_path / "encoder"


@pytest.fixture
def hub_cache(tmp_path, monkeypatch) -> Path:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def put_in_cache(cache: Path, folder: Path) -> Path:
    """Lay a folder out as huggingface_hub does for the branch `main`."""
    repository = cache / "models--owner--name"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(COMMIT)
    snapshot = repository / "snapshots" / COMMIT
    shutil.copytree(folder, snapshot)
    return snapshot


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        ("model.safetensors", b""),
        ("model.safetensors", None),
    ],
)
def test_a_file_that_is_damaged_or_cut_short_is_named_before_anything_is_planned(folder, name, content):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1] if content is None else content)
    with pytest.raises(EncoderError, match=rf"{name} is damaged .*fetch it again"):
        encoder_fingerprint(str(folder))


def test_equal_content_has_one_fingerprint_wherever_it_lies(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy/README.md").write_text("not part of what it computes")
    assert encoder_fingerprint(str(folder)) == encoder_fingerprint(str(tmp_path / "copy"))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
def test_another_content_has_another_fingerprint(folder, name):
    before = encoder_fingerprint(str(folder))
    content = (folder / name).read_bytes()
    other = content[:-1] + bytes([content[-1] ^ 1]) if name == "model.safetensors" else content + b" "
    (folder / name).write_bytes(other)
    assert encoder_fingerprint(str(folder)) != before


@pytest.mark.parametrize(
    ("missing", "message"),
    [("config.json", "no config.json"), ("tokenizer.json", "no tokenizer"), ("model.safetensors", "no weights")],
)
def test_an_incomplete_folder_is_refused_and_told_what_it_lacks(folder, missing, message):
    (folder / missing).unlink()
    with pytest.raises(EncoderError, match=message):
        encoder_fingerprint(str(folder))


def test_a_checkpoint_of_older_days_counts_as_weights(folder):
    before = encoder_fingerprint(str(folder))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert encoder_fingerprint(str(folder)) != before


def test_the_weights_are_those_that_are_loaded_and_not_their_neighbours(folder):
    before = encoder_fingerprint(str(folder))
    (folder / "adapter.safetensors").write_bytes(b"of something else")
    assert encoder_fingerprint(str(folder)) == before
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    older = encoder_fingerprint(str(folder))
    with (folder / "pytorch_model.bin").open("ab") as file:
        file.write(b" ")
    assert encoder_fingerprint(str(folder)) != older


@pytest.mark.parametrize("source", ["no-such-folder", "./no/folder", "/no/such/folder", "a/b/c", "owner/name@"])
def test_what_is_neither_folder_nor_hub_id_is_refused(source):
    with pytest.raises(EncoderError, match="no such folder, and a hub id reads"):
        encoder_fingerprint(source)


def test_hub_ids_may_name_a_revision():
    assert parse_hub_id("owner/some.name-1") == ("owner/some.name-1", None)
    assert parse_hub_id("owner/name@refs/pr/1") == ("owner/name", "refs/pr/1")


@pytest.mark.parametrize("source", ["owner/name", "owner/name@main", f"owner/name@{COMMIT}"])
def test_a_cached_hub_encoder_is_named_by_its_commit(folder, hub_cache, source):
    put_in_cache(hub_cache, folder)
    assert encoder_fingerprint(source) == f"hub:owner/name@{COMMIT}"


def test_a_half_cached_hub_encoder_is_refused_without_a_network(folder, hub_cache):
    (put_in_cache(hub_cache, folder) / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"not whole in the local hub cache .*no weights.*hf download owner/name"):
        encoder_fingerprint("owner/name")


@pytest.mark.usefixtures("hub_cache")
def test_an_uncached_hub_encoder_without_a_network_is_refused_at_once():
    started = time.perf_counter()
    with pytest.raises(EncoderError, match=r"hf download owner/name.*config\.json, model\.safetensors"):
        encoder_fingerprint("owner/name@v2")
    assert time.perf_counter() - started < 2


def test_fingerprints_are_light():
    code = "import sys, xlt_core.encoders.identity; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
