"""PAWS-X (Yang et al. 2019): do two sentences with many words in common say the same? 7 languages, 2 labels."""

from xlt_core.data.benchmark import BenchmarkTask
from xlt_core.data.readers.hub import HubColumns, HubDataset
from xlt_core.data.readers.tsv import PairLayout, PairReader
from xlt_core.tasks.base import Split

_XTREME: dict[Split, str] = {
    "train": "train-{language}.tsv",
    "dev": "dev-{language}.tsv",
    "test": "test-{language}.tsv",
}
_OFFICIAL: dict[Split, str] = {
    "train": "{language}/train.tsv",
    "dev": "{language}/dev_2k.tsv",
    "test": "{language}/test_2k.tsv",
}

TASK = BenchmarkTask(
    name="pawsx",
    version=1,
    labels=("0", "1"),
    languages=("de", "en", "es", "fr", "ja", "ko", "zh"),
    metrics=("accuracy",),
    reader=PairReader(
        layouts=(
            PairLayout(paths=_XTREME),
            PairLayout(paths=_OFFICIAL, has_header=True),
            PairLayout(paths={split: f"x-final/{path}" for split, path in _OFFICIAL.items()}, has_header=True),
        ),
    ),
    hub=HubDataset(
        repository="google-research-datasets/paws-x",
        config="{code}",
        columns=HubColumns(inputs=("sentence1", "sentence2"), label="label", identifier="id"),
    ),
)
