"""Part-of-speech tags of Universal Dependencies: XTREME-R's 38 languages and Bambara, 17 universal tags."""

from xlt_core.data.benchmark import BenchmarkTask
from xlt_core.data.readers.conllu import TreebankReader
from xlt_core.data.readers.hub import HubColumns, HubDataset

_LABELS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
_LANGUAGES = (
    *("af", "ar", "bg", "bm", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja"),
    *("kk", "ko", "lt", "mr", "nl", "pl", "pt", "ro", "ru", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "wo", "yo"),
    "zh",
)

TASK = BenchmarkTask(
    name="udpos",
    version=1,
    labels=tuple(_LABELS.split()),
    languages=_LANGUAGES,
    metrics=("accuracy", "f1_xtreme"),
    reader=TreebankReader(),
    hub=HubDataset(
        repository="google/xtreme",
        config="udpos.{name}",
        columns=HubColumns(inputs=("tokens",), label="pos_tags"),
    ),
)
