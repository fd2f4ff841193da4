"""What kinds of pre-trained encoder need beside word embeddings. One row a kind; a kind without a row goes padded."""

from typing import NamedTuple


class Family(NamedTuple):
    """How a transformers model type takes its input."""

    packed: bool = False
    """Its attention goes through transformers' `AttentionInterface` and its positions can be given."""
    positions_after_padding: bool = False
    """Positions count from the padding id + 1 (fairseq's habit), so that fewer of them are usable."""
    language_ids: bool = False
    """Takes the number of the language of every token, where its configuration asks for language embeddings."""


FAMILIES: dict[str, Family] = {
    "bert": Family(packed=True),
    "camembert": Family(packed=True, positions_after_padding=True),
    "electra": Family(packed=True),
    "roberta": Family(packed=True, positions_after_padding=True),
    "xlm": Family(language_ids=True),
    "xlm-roberta": Family(packed=True, positions_after_padding=True),
    "xlm-roberta-xl": Family(packed=True, positions_after_padding=True),
}
"""Keys are `model_type` of the configuration."""


def find_family(model_type: str) -> Family:
    """The row of a model type; the padded default for one without."""
    return FAMILIES.get(model_type, Family())


def explain_indivisible(model_type: str) -> str:
    """Say why there is no site between embeddings and layers, and what to do."""
    divisible = ", ".join(name for name, family in FAMILIES.items() if family.packed)
    return (
        f"an encoder of the type '{model_type}' has no site 'embedding_output'; take 'word_embedding' or "
        f"'last_hidden', or an encoder of a type such as {divisible}"
    )
