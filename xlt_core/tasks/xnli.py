"""XNLI (Conneau et al. 2018): does the first sentence entail or contradict the second? 15 languages, 3 labels."""

from xlt_core.data.benchmark import BenchmarkTask
from xlt_core.data.readers.hub import HubColumns, HubDataset
from xlt_core.data.readers.tsv import PairLayout, PairReader

_SYNONYMS = {"contradictory": "contradiction"}

TASK = BenchmarkTask(
    name="xnli",
    version=1,
    labels=("contradiction", "entailment", "neutral"),
    languages=("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh"),
    metrics=("accuracy",),
    reader=PairReader(
        layouts=(
            PairLayout(
                paths={"train": "train-{language}.tsv", "dev": "dev-{language}.tsv", "test": "test-{language}.tsv"},
                label_files={"test": "test_labels.txt"},
            ),
        ),
        synonyms=_SYNONYMS,
    ),
    hub=HubDataset(
        repository="facebook/xnli",
        config="{code}",
        columns=HubColumns(inputs=("premise", "hypothesis"), label="label", synonyms=_SYNONYMS),
    ),
)
