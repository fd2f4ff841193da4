import pytest
from typer.testing import CliRunner

from results.commands import app
from results.errors import FormatError, QueryError
from results.report.figures.view import Choice
from results.report.plotting import plot_figures, write_table
from tests.results.factories import Run, write_store
from tests.results.simulated import Design, simulate_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    design = Design(num_seeds=3, num_examples=60, effects={(0.3, None, "sw"): 6.0})
    return str(simulate_store(tmp_path_factory.mktemp("sweep") / "s", design).folder)


def test_a_figure_is_written_and_said_in_words(folder, tmp_path):
    path = tmp_path / "new" / "heatmap.svg"
    result = CliRunner().invoke(app, ["plot", "heatmap", folder, "-o", str(path), "--theme", "print"])
    assert result.exit_code == 0, result.output
    assert path.read_text().startswith("<svg")
    assert result.output.startswith(f"{path}\n\nCell minus its baseline")


def test_all_figures_go_into_a_folder_as_svg_and_png(folder, tmp_path):
    saved = plot_figures("all", folder, Choice(), output=tmp_path / "figures", scale=0.5)
    kinds = {figure.kind for _, figure in saved}
    assert {"contrasts", "heatmap", "curves", "best", "corpus", "groups", "failures"} <= kinds
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {f"{kind}{suffix}" for kind in kinds for suffix in (".svg", ".png")}


def test_languages_may_be_groups(folder, tmp_path):
    [(_, figure)] = plot_figures("curves", folder, Choice(), language="low-resource", output=tmp_path / "c.json")
    assert set(figure.table["Language"]) == {"Mean over languages", "SW (sw)", "YO (yo)"}


def test_what_is_wrong_is_said_before_anything_is_computed(tmp_path):
    with pytest.raises(QueryError, match="no figure 'pie'; there are: contrasts, heatmap"):
        plot_figures("pie", str(tmp_path / "missing"), Choice())
    with pytest.raises(FormatError, match="its name must end in"):
        plot_figures("heatmap", str(tmp_path / "missing"), Choice(), output=tmp_path / "h.pdf")


def test_a_kind_that_the_sweep_has_nothing_of_says_what_it_needs(folder, tmp_path):
    with pytest.raises(QueryError, match="it needs scores under the condition `generalized`"):
        plot_figures("matrix", folder, Choice(), output=tmp_path / "m.svg")


def test_a_sweep_without_a_finished_run_has_no_figures(tmp_path):
    store = write_store(tmp_path / "s", [Run("base", 0, {}, status="pending")])
    with pytest.raises(QueryError, match="nothing to draw yet"):
        plot_figures("all", str(store.folder), Choice(), output=tmp_path / "figures")


@pytest.mark.parametrize(("form", "begins"), [("latex", "% needs"), ("markdown", "| cell")])
def test_a_table_goes_to_standard_output_or_into_a_file(folder, tmp_path, form, begins):
    result = CliRunner().invoke(app, ["table", folder, "--format", form])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(begins)
    path = tmp_path / "table.txt"
    assert write_table(folder, Choice(), form=form, output=path) is None
    assert path.read_text() == result.output


def test_the_table_of_contrasts_has_a_line_a_contrast(folder):
    text = write_table(folder, Choice(), form="markdown", of_contrasts=True)
    assert len([line for line in text.splitlines() if line.startswith("| ")]) == 2 + 2
