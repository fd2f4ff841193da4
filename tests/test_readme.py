"""What README, CONTRIBUTING and docs name is there: commands, options, links, files."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import typer

from search_spaces.document import read_document
from search_spaces.loading import list_spaces, load_space
from sweeps.cli import app
from xlt_core.benchmarks import BENCHMARKS
from xlt_core.perturbations import METHODS
from xlt_core.spec import parse_trial_spec
from xlt_core.tasks import TASKS, load_task
from xlt_core.tasks.task_file import TaskFile
from xlt_core.tasks.task_file_checks import RULES, check_task_file
from xlt_core.yaml_file import parse_yaml

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
PACKAGES = ("sweeps", "xlt_core", "search_spaces", "results", "tests", "benchmarks")


def _blocks(document: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _xlt_lines() -> list[str]:
    """Every `xlt ...` of the documents: lines of blocks, and words in backticks."""
    lines = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        lines += [line for block in _blocks(document) for line in block.splitlines() if line.startswith("xlt ")]
        lines += re.findall(r"`(xlt [^`]*)`", text)
    return sorted(
        {line.split("#")[0].split(">")[0].strip() if '"' not in line else line for line in lines} - {"xlt ..."}
    )


def _find_command(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = typer.main.get_command(app)
    while hasattr(command, "commands") and words:
        assert words[0] in command.commands, f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    assert not hasattr(command, "commands"), "a group is no command"
    return command, words


@pytest.mark.parametrize("line", _xlt_lines())
def test_every_command_is_there_with_its_options_and_takes_its_arguments(line):
    command, words = _find_command(shlex.split(line)[1:])
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}
    assert {word for word in words if word.startswith("-")} <= options
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    num_needed = sum(parameter.required for parameter in arguments)
    num_allowed = len(words) if any(parameter.nargs == -1 for parameter in arguments) else len(arguments)
    flags = {
        option for parameter in command.params if getattr(parameter, "is_flag", False) for option in parameter.opts
    }
    plain = [
        word
        for before, word in zip(["", *words], words, strict=False)
        if not word.startswith("-") and (not before.startswith("-") or before in flags)
    ]
    assert num_needed <= len(plain) <= num_allowed


def test_commands_are_found_at_all():
    assert len(_xlt_lines()) > 20


def test_spaces_named_in_commands_are_ready_made():
    named = {
        match for line in _xlt_lines() for match in re.findall(r"^xlt (?:sweep (?:run|plan)|space show) (\S+)", line)
    }
    assert named - {"SPACE"} <= set(list_spaces())


def test_make_targets_are_there():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = {
        word
        for document in DOCUMENTS
        for word in re.findall(r"\bmake ([a-z]+)\b(?= |`|\n|$)", "\n".join(_blocks(document)))
    }
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_resolve(document):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_of_the_tree_that_are_named_exist(document):
    named = re.findall(r"`((?:{})/[\w./]*)`".format("|".join(PACKAGES)), document.read_text(encoding="utf-8"))
    missing = [path for path in named if "NAME" not in path and not (ROOT / path).exists()]
    assert not missing


def _files_of_the_structure_tables():
    """Files and folders that are named, by package."""
    sections = re.split(r"^## ", (ROOT / "docs" / "structure.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = {}
    for section in sections:
        heading = re.match(r"[^\n]*`(\w+)/`", section)
        if heading:
            cells = re.findall(r"`([a-z_]+(?:/[a-z_]*)*(?:\.py)?)`", section)
            named[heading[1]] = {cell for cell in cells if cell.endswith((".py", "/"))} - {f"{heading[1]}/"}
    return named


def test_files_of_the_structure_tables_exist():
    named = _files_of_the_structure_tables()
    assert not [file for package, files in named.items() for file in files if not (ROOT / package / file).exists()]


def test_the_structure_tables_have_every_module_or_its_folder():
    missing = []
    for package, named in _files_of_the_structure_tables().items():
        for path in (ROOT / package).rglob("*.py"):
            file = path.relative_to(ROOT / package)
            folders = {f"{folder.as_posix()}/" for folder in file.parents}
            if not path.stem.startswith("__") and not {file.as_posix(), *folders} & named:
                missing.append(f"{package}/{file.as_posix()}")
    assert not missing


def test_the_table_of_methods_has_all_of_them_with_their_passes():
    text = (ROOT / "docs" / "perturbations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d) \+ (\d), (\d) \|", text, flags=re.MULTILINE)
    shown = {name: tuple(map(int, passes)) for name, *passes in rows}
    assert shown == {name: entry.passes for name, entry in METHODS.items()}


def _files_shown_in_the_readme():
    """A space and a task."""
    texts = [block for block in _blocks(ROOT / "README.md") if block.startswith("name:")]
    (task,) = [text for text in texts if "\nshape:" in text]
    (space,) = [text for text in texts if text != task]
    return space, task


def test_the_space_shown_in_the_readme_is_a_good_one(tmp_path):
    text, _ = _files_shown_in_the_readme()
    path = tmp_path / "shown.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_space(path).name == read_document(text, "shown").values["name"]


def test_the_table_of_tasks_has_all_of_them():
    text = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*`) \| (\w+) \| (\d+) \| ([\w, ]+) \|", text, flags=re.MULTILINE)
    shown = {
        name: (shape, int(count), metrics.split(",")[0].split(" ")[0])
        for names, shape, count, metrics in rows
        for name in re.findall(r"`(\w+)`", names)
    }
    tasks = {name: load_task(name) for name in TASKS}
    assert shown == {name: (task.shape, len(task.languages), task.metrics[0]) for name, task in tasks.items()}


def test_the_task_files_that_are_shown_are_good_ones():
    texts = [block for block in _blocks(ROOT / "docs" / "tasks.md") if block.startswith("name:")]
    assert [check_task_file(parse_yaml(text, "shown")).name for text in texts] == ["sentiment", "page-ranking"]
    assert check_task_file(parse_yaml(_files_shown_in_the_readme()[1], "shown")).name == "sentiment"


def test_the_commands_for_supertags_make_a_good_task(tmp_path):
    (script,) = [block for block in _blocks(ROOT / "docs" / "tasks.md") if "ccg.yaml" in block]
    sentence = "John\tNP\nsleeps\tS[dcl]\\NP\n.\t.\n\n"
    for split in ("train", "dev", "test"):
        (tmp_path / f"ccg.{split}").write_text(sentence + f"{split}\tN/N\n")
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True)
    task = load_task(str(tmp_path / "ccg.yaml"))
    assert task.labels == (".", "N/N", "NP", "S[dcl]\\NP")
    assert task.load_train(str(tmp_path), dose=None, data_seed=0).labels == ((2, 3, 0), (1,))
    assert task.load_eval(str(tmp_path), "dev", "en").words[1] == ("dev",)


def test_the_trial_that_is_shown_is_a_good_one():
    (text,) = [block for block in _blocks(ROOT / "docs" / "tasks.md") if block.startswith("encoder:")]
    assert parse_trial_spec(read_document(text, "shown").values).target.task == "xnli"


def test_the_table_of_benchmarks_has_every_task_with_its_number_of_languages():
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Benchmarks and tasks")[2]
    rows = [line.split("|")[2:-1] for line in text.partition("\nNumbers of languages")[0].splitlines() if "`" in line]
    for place, benchmark in enumerate(BENCHMARKS.values()):
        shown = [pair for row in rows for pair in re.findall(r"`(\w+)` (\d+)", row[place])]
        assert sorted(shown) == sorted((part.task, str(len(part.languages))) for part in benchmark.parts)
    besides = dict(
        re.findall(r"`(\w+)` \((\d+)\)", text.partition("For low-resource languages")[2].partition("Metrics")[0])
    )
    assert len(besides) == 4
    for name, count in besides.items():
        assert len(load_task(name).languages) == int(count)


def test_the_keys_and_columns_of_task_files_are_all_explained():
    text = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| (`.*`) \| [^|]* \|$", text.partition("| key |")[2], flags=re.MULTILINE)
    assert {key for keys in explained for key in re.findall(r"`(\w+)`", keys)} == set(TaskFile.model_fields)
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", text.partition("| formats |")[2], flags=re.MULTILINE)
    for shape, formats, columns, metrics in rows:
        rules = RULES[shape]
        assert tuple(re.sub(r" \(.*?\)", "", formats).split(", ")) == rules.formats
        assert columns.replace("; ", ", ").split(", ") == [*rules.needed, *rules.optional]
        assert tuple(metrics.split(", ")) == rules.metrics
    assert {shape for shape, *_ in rows} == set(RULES)
