"""Canonical JSON and content hashes: the ground under every `trial_id` and `stage_key`."""

import hashlib
import json
from pathlib import Path
from typing import Any

_KEY_LENGTH = 16
_CHUNK_BYTES = 1 << 20
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> str:
    """Write `value` so that equal values give equal text: sorted keys, no spaces, no NaN."""
    return _ENCODER.encode(value)


def content_key(value: Any) -> str:
    """Hash a JSON value to 16 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:_KEY_LENGTH]


def file_digest(path: Path) -> str:
    """Hash the bytes of a file (full SHA-256, hexadecimal)."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
