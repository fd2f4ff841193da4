"""What an encoder is made of, before anything of it is loaded: checks its files and hashes them. Free of torch.

In: a local folder or a hub id. Out: a fingerprint that is equal wherever the same encoder lies.
"""

import json
import re
from pathlib import Path

from xlt_core.canonical import content_key, file_digest
from xlt_core.errors import EncoderError

CONFIG_FILE = "config.json"
VOCABULARY_FILES = (
    "tokenizer.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "spm.model",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
)
"""Any of them makes a tokenizer."""
TOKENIZER_EXTRAS = ("added_tokens.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json")
WEIGHT_PATTERNS = ("model*.safetensors", "pytorch_model*.bin")
"""The first that matches is what is loaded; other files, such as an adapter's or an optimiser's, are not."""

_HUB_ID = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
_HUB_TIMEOUT_SECONDS = 5.0


def encoder_fingerprint(source: str) -> str:
    """Check that an encoder is complete and name its content.

    Args:
        source: a folder, or a hub id `owner/name`, `owner/name@revision`.

    Returns:
        `files:<hash>` of configuration, weights and tokenizer for a folder; `hub:owner/name@<commit>` for a hub id.

    Raises:
        EncoderError: no such folder, a file is missing or cut short, or the hub cannot be asked.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        files = find_encoder_files(folder)
        for path in files:
            _check_whole(path)
        digests = {path.name: file_digest(path) for path in files}
        return f"files:{content_key(digests)}"
    name, revision = parse_hub_id(source)
    return f"hub:{name}@{resolve_commit(name, revision)}"


def resolve_commit(name: str, revision: str | None) -> str:
    """Find the commit that a hub id stands for: the local cache's where that is complete, else the hub's.

    Raises:
        EncoderError: neither has it, or a file is missing.
    """
    cached = find_cached_snapshot(name, revision)
    if cached is None:
        return _ask_hub(name, revision, "not in the local hub cache")
    try:
        find_encoder_files(cached)
    except EncoderError as error:
        return _ask_hub(name, revision, f"not whole in the local hub cache ({error})")
    return cached.name


def find_encoder_files(folder: Path) -> list[Path]:
    """List the files of an encoder folder that decide what the encoder computes.

    Raises:
        EncoderError: configuration, weights or tokenizer are not there.
    """
    _check_file_names(str(folder), [path.name for path in folder.iterdir()])
    weights = next(found for pattern in WEIGHT_PATTERNS if (found := sorted(folder.glob(pattern))))
    names = (CONFIG_FILE, *VOCABULARY_FILES, *TOKENIZER_EXTRAS)
    return [*(folder / name for name in names if (folder / name).is_file()), *weights]


def parse_hub_id(source: str) -> tuple[str, str | None]:
    """Split `owner/name[@revision]`.

    Raises:
        EncoderError: `source` is neither a folder nor a hub id.
    """
    match = _HUB_ID.fullmatch(source)
    if match is None or source.startswith("."):
        raise EncoderError(
            f"encoder '{source}': there is no such folder, and a hub id reads owner/name or owner/name@revision; "
            f"give a folder that holds {CONFIG_FILE}, weights (*.safetensors) and a tokenizer"
        )
    return match["name"], match["revision"]


def find_cached_snapshot(name: str, revision: str | None) -> Path | None:
    """The folder in the local hub cache; its name is its commit."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(name, CONFIG_FILE, revision=revision)
    return Path(path).parent if isinstance(path, str) else None


def _ask_hub(name: str, revision: str | None, reason: str) -> str:
    """The commit on the hub; `reason` says why it has to be asked."""
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(name, revision=revision, timeout=_HUB_TIMEOUT_SECONDS)
    except Exception as error:  # whatever keeps the hub from answering, the way out is the same
        wanted = f"{name}@{revision}" if revision else name
        raise EncoderError(
            f"encoder '{wanted}': there is no such folder, it is {reason}, and the hub did not "
            f"answer for it ({type(error).__name__}). Fetch it where there is a network (hf download {name}), or "
            f"give a folder that holds {CONFIG_FILE}, model.safetensors and the tokenizer (tokenizer.json)"
        ) from error
    _check_file_names(name, [sibling.rfilename for sibling in info.siblings or []])
    return str(info.sha)


def _check_whole(path: Path) -> None:
    """Refuse what a broken download or a Git LFS pointer leaves: JSON or safetensors that end early.

    Raises:
        EncoderError: names the file.
    """
    try:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".safetensors" and path.stat().st_size != _safetensors_size(path):
            raise ValueError("its size is not what its header says")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EncoderError(f"encoder '{path.parent}': {path.name} is damaged ({error}); fetch it again") from error


def _safetensors_size(path: Path) -> int:
    """Bytes that a file must have by its header: 8 for the header's length, the header (JSON), the tensors."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError("no header of a safetensors file")
        header = json.loads(file.read(length))
    ends = (int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__")
    return 8 + length + max(ends, default=0)


def _check_file_names(source: str, names: list[str]) -> None:
    present = set(names)
    if CONFIG_FILE not in present:
        raise EncoderError(f"encoder '{source}': no {CONFIG_FILE}; is this the folder of a transformers model?")
    if not present.intersection(VOCABULARY_FILES):
        raise EncoderError(
            f"encoder '{source}': no tokenizer; expected one of {', '.join(VOCABULARY_FILES)}. "
            "Save the tokenizer beside the model: tokenizer.save_pretrained(folder)"
        )
    if not any(Path(name).match(pattern) for name in present for pattern in WEIGHT_PATTERNS):
        raise EncoderError(
            f"encoder '{source}': no weights; expected model.safetensors (or pytorch_model.bin). "
            "Save the model beside its configuration: model.save_pretrained(folder)"
        )
