"""A task whose data are local files in a known layout, or a data set of the hub. One instance a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

from xlt_core.canonical import content_key, file_digest
from xlt_core.data.readers.checks import check_examples
from xlt_core.data.readers.hub import HubDataset, HubFiles, open_hub_files
from xlt_core.data.readers.location import parse_location
from xlt_core.errors import DataError, SpecError
from xlt_core.tasks.base import Examples, Shape, Split


class FileReader(Protocol):
    """Knows one kind of local files."""

    @property
    def shape(self) -> Shape:
        """Of the examples."""
        ...

    def find_files(self, folder: Path, split: Split, languages: Sequence[str]) -> dict[str, tuple[Path, ...]]:
        """Files of each language that has any."""
        ...

    def describe_files(self, split: Split, language: str) -> str:
        """Names of the files that would be read, for messages."""
        ...

    def read_files(self, files: tuple[Path, ...], labels: Sequence[str]) -> Examples:
        """Read the files of one language."""
        ...


@dataclass(frozen=True, kw_only=True)
class BenchmarkTask:
    """See `xlt_core.tasks.base.Task`, whose contract this keeps."""

    name: str
    version: int
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    metrics: tuple[str, ...]
    reader: FileReader
    hub: HubDataset
    source_language: str = "en"
    takes_dose: bool = False

    @property
    def shape(self) -> Shape:
        """Of the examples."""
        return self.reader.shape

    def load_train(self, data: str, *, dose: float | None, data_seed: int) -> Examples:  # noqa: ARG002
        """All training examples; nothing is drawn, so the seed changes nothing."""
        if dose is not None:
            raise SpecError(f"dose {dose}: the difficulty of the examples of task '{self.name}' is not known")
        return self._load(data, "train", self.source_language)

    def load_eval(self, data: str, split: Split, language: str) -> Examples:
        """Labelled examples of one language; see `Task.load_eval`."""
        return self._load(data, split, language)

    def find_languages(self, data: str, split: Split) -> tuple[str, ...]:
        """Languages whose data for `split` are there, in the order of `languages`."""
        place = self._open(data)
        if isinstance(place, Path):
            return tuple(self.reader.find_files(place, split, self.languages))
        return tuple(code for code in self.languages if place.find_shards(self.hub.config_of(code), split))

    def fingerprint(self, data: str, split: Split, languages: tuple[str, ...]) -> str:
        """Hash of the files that would be read: their bytes, or for the hub the commit they belong to.

        Raises:
            DataError: there is nothing to train on.
        """
        place = self._open(data)
        content: dict[str, list[list[str]]] = {}
        if isinstance(place, Path):
            for language, paths in self.reader.find_files(place, split, languages).items():
                content[language] = [[path.name, file_digest(path)] for path in paths]
        else:
            for language in languages:
                names = place.find_shards(self.hub.config_of(language), split)
                if names:
                    content[language] = [[name, place.identify(name)] for name in names]
        if split == "train" and not content:
            self._refuse_missing(data, split, self.source_language)
        return content_key([split, content])

    def check(self, data: str, split: Split, languages: tuple[str, ...]) -> None:
        """Read local data of some languages; what only the hub has is checked when it is loaded, after its download."""
        place = self._open(data)
        if isinstance(place, Path) or place.address is None:
            found = self.find_languages(data, split)
            for language in languages:
                if language in found:
                    self._load(data, split, language)

    def _load(self, data: str, split: Split, language: str) -> Examples:
        place = self._open(data)
        if isinstance(place, Path):
            paths = self.reader.find_files(place, split, (language,)).get(language)
            if not paths:
                self._refuse_missing(data, split, language)
            examples, source = self.reader.read_files(paths, self.labels), str(paths[0])
        else:
            names = place.find_shards(self.hub.config_of(language), split)
            if not names:
                self._refuse_missing(data, split, language)
            # Imported here: planning asks for languages and fingerprints only, and stays quick without pyarrow.
            from xlt_core.data.readers.parquet import read_hub_examples

            examples = read_hub_examples(place.fetch(names), self.hub.columns, self.labels)
            source = f"{place.source}, {names[0]}"
        check_examples(examples, source, self.labels)
        return examples

    def _open(self, data: str) -> Path | HubFiles:
        location = parse_location(data, self.hub.repository)
        if isinstance(location, Path):
            return location
        try:
            return open_hub_files(location)
        except DataError as error:
            train = self.reader.describe_files("train", self.source_language)
            test = self.reader.describe_files("test", "LANGUAGE")
            raise DataError(
                f"{error}. To use local files, put {train} and {test} into a folder and give its path as 'data'"
            ) from error

    def _refuse_missing(self, data: str, split: Split, language: str) -> NoReturn:
        is_local = isinstance(parse_location(data, self.hub.repository), Path)
        config = f"files '{self.hub.config_of(language)}/*.parquet' of the split"
        found = self.find_languages(data, split)
        raise DataError(
            f"task '{self.name}': no {split} data for '{language}' in '{data}'; "
            f"expected {self.reader.describe_files(split, language) if is_local else config}; "
            f"there are {split} data for {', '.join(found) or 'no language of the task'}"
        )
