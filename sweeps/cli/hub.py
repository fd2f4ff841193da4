"""What of the hub is on this machine. In: the hub's cache folder. Out: the encoders in it, with their sizes."""

import json
from dataclasses import dataclass
from pathlib import Path

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")


@dataclass(frozen=True, kw_only=True)
class CachedEncoder:
    """A model in the hub cache that has weights and a tokenizer's or encoder's configuration."""

    name: str
    num_bytes: int


def hub_cache() -> Path:
    """Folder in which downloads are kept."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def cached_encoders() -> list[CachedEncoder]:
    """List models of the cache whose weights are there, by name."""
    found = []
    for folder in sorted(hub_cache().glob("models--*")):
        snapshots = [path for path in folder.glob("snapshots/*") if _is_encoder(path)]
        if snapshots:
            name = folder.name.removeprefix("models--").replace("--", "/")
            num_bytes = sum(file.stat().st_size for file in snapshots[-1].rglob("*") if file.is_file())
            found.append(CachedEncoder(name=name, num_bytes=num_bytes))
    return found


def encoder_bytes(source: str) -> int | None:
    """Size of an encoder's weights where they are on this machine, else none."""
    folder = Path(source)
    if folder.is_dir():
        return sum(path.stat().st_size for path in folder.glob("*.safetensors")) or None
    name = source.partition("@")[0]
    return next((cached.num_bytes for cached in cached_encoders() if cached.name == name), None)


def _is_encoder(snapshot: Path) -> bool:
    config = snapshot / "config.json"
    if not config.is_file() or not any((snapshot / name).is_file() for name in _WEIGHTS):
        return False
    try:
        return "model_type" in json.loads(config.read_text(encoding="utf-8"))
    except ValueError:
        return False
