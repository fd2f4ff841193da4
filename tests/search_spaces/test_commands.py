import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from search_spaces.commands import app
from tests.search_spaces.factories import SPACE_YAML
from xlt_core.errors import SpecError


@pytest.fixture
def space_file(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE_YAML)
    return str(path)


def _run(*arguments):
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def test_check_says_how_many_trials_a_space_has(space_file):
    assert _run("check", space_file, "--set", "seeds=3") == f"{space_file}: ok; 15 cells x 3 seeds = 45 trials\n"


def test_check_can_look_for_the_data_too(space_file):
    assert _run("check", space_file, "--data").endswith("30 trials; data and encoder found\n")


def test_check_raises_what_is_wrong(space_file):
    with pytest.raises(SpecError, match=r"--set optim\.num_steps=0"):
        _run("check", space_file, "--set", "optim.num_steps=0")


def test_show_lists_the_cells_for_people_and_programs(space_file):
    assert "pgd magnitude 1 · intermediate world dose 1" in _run("show", space_file)
    summary = json.loads(_run("show", space_file, "--format", "json"))
    assert (summary["num_trials"], len(summary["cells"]), summary["seeds"]) == (30, 15, [0, 1])
    assert summary["cells"][0]["settings"] == {"target.perturbation.magnitude": 0.0, "intermediate": "none"}


def test_schema_is_json():
    assert json.loads(_run("schema"))["title"] == "Search space"


def test_checking_and_showing_a_space_loads_no_torch_and_no_ray(space_file):
    code = (
        "import sys\nfrom search_spaces.commands import app\n"
        f"app(['check', {space_file!r}], standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'datasets', 'ray'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
