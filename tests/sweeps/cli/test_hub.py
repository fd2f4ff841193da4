"""What the hub's cache holds, without asking the hub."""

import json
from pathlib import Path

import pytest

from sweeps.cli import hub


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def _add_model(cache: Path, name: str, *, weights: bool) -> None:
    snapshot = cache / f"models--{name.replace('/', '--')}" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps({"model_type": "xlm-roberta"}))
    if weights:
        (snapshot / "model.safetensors").write_bytes(b"\0" * 1000)


def test_only_models_with_weights_are_listed(cache: Path) -> None:
    _add_model(cache, "owner/whole", weights=True)
    _add_model(cache, "owner/half", weights=False)
    (cached,) = hub.cached_encoders()
    assert cached.name == "owner/whole"
    assert cached.num_bytes >= 1000


def test_sizes_are_known_for_folders_and_the_cache_only(cache: Path, tmp_path: Path) -> None:
    _add_model(cache, "owner/whole", weights=True)
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"\0" * 500)
    assert hub.encoder_bytes(str(folder)) == 500
    assert (hub.encoder_bytes("owner/whole@main") or 0) >= 1000
    assert hub.encoder_bytes("owner/elsewhere") is None
    assert hub.encoder_bytes("mini") is None
