"""The shape of the tree: imports go downwards, light things import light, plug-in tables match their folders."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from xlt_core.conditions import CONDITIONS
from xlt_core.difficulty import MEASURES, load_measure
from xlt_core.difficulty.base import Measure
from xlt_core.perturbations import METHODS
from xlt_core.tasks import TASKS

ROOT = Path(__file__).parents[1]
PACKAGES = ("sweeps", "xlt_core", "search_spaces", "results")
ALLOWED = {
    "sweeps": {"sweeps", "search_spaces", "results", "xlt_core"},
    "search_spaces": {"search_spaces", "xlt_core"},
    "results": {"results"},
    "xlt_core": {"xlt_core"},
}
ROOMS = (
    "planning", "units", "tables", "observing", "growth", "forecast", "workers", "clusters", "search", "engine",
)  # fmt: skip
"""Of `sweeps`, from the bottom up; modules outside of them, and `cli`, stand above them all."""
HEAVY = ("torch", "transformers", "datasets", "ray")
LIGHT = (
    "results", "results.commands", "results.store", "results.queries", "results.deltas",
    "xlt_core.spec", "xlt_core.plan", "xlt_core.result", "xlt_core.errors", "xlt_core.languages", "xlt_core.workspace",
    "xlt_core.streams", "xlt_core.checks", "xlt_core.encoders.identity", "xlt_core.encoders.configuration",
    "xlt_core.inspection", "xlt_core.retrieval.spec", "xlt_core.tasks.xnli", "xlt_core.tasks.pawsx",
    "xlt_core.tasks.udpos", "xlt_core.tasks.world", "xlt_core.tasks.nusax", "xlt_core.tasks.custom",
    "xlt_core.conditions.text", "xlt_core.conditions.disturbed", "xlt_core.conditions.generalized",
    "xlt_core.difficulty.held_out", "xlt_core.difficulty.cartography", "xlt_core.difficulty.given",
    "xlt_core.difficulty.pool", "xlt_core.difficulty.pool_checks", "xlt_core.difficulty.scores",
    "xlt_core.edits.hiding", "xlt_core.arrays.signature",
    "search_spaces.loading", "search_spaces.expand", "search_spaces.commands", "sweeps.cli",
)  # fmt: skip
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 60


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


ALL_MODULES = [path for package in PACKAGES for path in modules_of(package)]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} has a relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("path", ALL_MODULES, ids=named)
def test_a_module_imports_only_packages_below_it(path):
    package = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for name in imported_names(path)} & set(PACKAGES)
    assert ours <= ALLOWED[package]


def _room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "sweeps" and len(parts) > 1 and (ROOT / "sweeps" / parts[1]).is_dir() else ""


def test_every_folder_of_sweeps_is_a_room():
    folders = {path.name for path in (ROOT / "sweeps").iterdir() if (path / "__init__.py").exists()}
    assert folders == {*ROOMS, "cli"}


@pytest.mark.parametrize("path", [path for room in ROOMS for path in modules_of(f"sweeps/{room}")], ids=named)
def test_a_room_of_sweeps_imports_only_rooms_below_it(path):
    place = ROOMS.index(path.relative_to(ROOT).parts[1])
    ours = {name for name in imported_names(path) if name.startswith("sweeps.")}
    assert {_room_of(name) for name in ours} <= set(ROOMS[: place + 1])


@pytest.mark.parametrize(
    "path", modules_of("results") + modules_of("xlt_core") + modules_of("search_spaces"), ids=named
)
def test_only_sweeps_imports_ray(path):
    assert "ray" not in {name.split(".")[0] for name in imported_names(path)}


def test_modules_do_not_import_each_other_in_a_circle():
    files = {named(path)[:-3].replace("/", ".").removesuffix(".__init__"): path for path in ALL_MODULES}
    graph: dict[str, set[str]] = {}
    for name, path in files.items():
        top = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
        targets = {node.module or "" for node in top}
        targets |= {f"{node.module}.{alias.name}" for node in top for alias in node.names}
        graph[name] = (targets & set(files)) - {name}
    remaining = dict(graph)
    while remaining:
        leaves = [name for name, targets in remaining.items() if not targets & set(remaining)]
        assert leaves, f"import circle among {sorted(remaining)}"
        remaining = {name: targets for name, targets in remaining.items() if name not in leaves}


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_nothing_heavy(module):
    code = f"import {module}, sys; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize("path", ALL_MODULES, ids=named)
def test_a_module_says_what_it_is_for_and_stays_small(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree)
    assert docstring, "no module docstring"
    assert len(docstring.splitlines()) <= 8
    assert text.count("\n") <= MAX_MODULE_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < MAX_FUNCTION_LINES, f"{node.name} is too long"


def plugin_modules(folder: str, not_plugins: set[str]) -> set[str]:
    return {path.stem for path in (ROOT / "xlt_core" / folder).glob("*.py")} - {"__init__", "base"} - not_plugins


def test_the_table_of_tasks_matches_its_folder():
    listed = {path.partition(":")[0].rpartition(".")[2] for path in TASKS.values()}
    assert listed == plugin_modules("tasks", {"examples", "custom", "task_file", "task_file_checks", "training_sets"})


def test_the_table_of_perturbations_matches_its_folder():
    listed = {entry.path.partition(":")[0].rpartition(".")[2] for entry in METHODS.values()}
    assert listed == plugin_modules("perturbations", {"geometry", "draws", "step", "checks", "spec", "mixed_noise"})


def test_the_table_of_conditions_matches_its_folder():
    listed = {entry.path.partition(":")[0].rpartition(".")[2] for entry in CONDITIONS.values()}
    assert listed == plugin_modules("conditions", {"spec", "checks"})


def test_every_measure_of_the_table_is_there_under_its_name():
    for name, entry in MEASURES.items():
        assert issubclass(load_measure(name), Measure), name
        assert entry.path.partition(":")[2] == load_measure(name).__name__
