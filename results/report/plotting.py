"""`xlt results plot` and `xlt results table`: figures and tables of a store as files.

In: the place of a sweep and what of it is asked for. Out: files, or text on standard output.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from results.errors import FormatError, QueryError
from results.formats import write_file
from results.language_choice import choose_languages
from results.report.evidence import Evidence, gather_evidence
from results.report.figure import Figure
from results.report.figures import FIGURES, KINDS
from results.report.figures.save import SUFFIXES, save_figure
from results.report.figures.theme import ThemeName
from results.report.figures.view import Choice, narrow
from results.store import ResultStore

ALL = "all"
_OF_ALL = (".svg", ".png")
_WITH_EFFECTS = (ALL, "corpus", "slopes")
"""Kinds that show something of the mixed models; these take longer than all else."""


def plot_figures(
    kind: str,
    folder: str,
    choice: Choice,
    *,
    language: str | None = None,
    output: Path | None = None,
    theme: ThemeName = "light",
    scale: float = 2.0,
) -> list[tuple[Path, Figure]]:
    """Draw one kind of figure into a file, or all kinds into a folder (each as SVG and PNG).

    Args:
        kind: of `KINDS`, or `all`.
        folder: place of the sweep.
        choice: what of the evidence is shown.
        language: languages that are shown, as `choose_languages` reads them; none given: all.
        output: file, or folder for `all`; none: `KIND.svg`, or `figures`, where the command runs.
        theme: of the colours.
        scale: pixels of a PNG for one of the figure.

    Returns:
        The files with what is in them.

    Raises:
        QueryError: no such kind; nothing in the sweep to draw.
        FormatError: the file's suffix is none of a figure.
    """
    if kind != ALL and kind not in FIGURES:
        raise QueryError(f"no figure '{kind}'; there are: {', '.join(FIGURES)}, and {ALL}")
    if kind != ALL and output is not None and output.suffix.lower() not in SUFFIXES:
        raise FormatError(f"a figure cannot be written to {output}; its name must end in {', '.join(SUFFIXES)}")
    evidence = _gather(folder, choice, language, with_effects=kind in _WITH_EFFECTS)
    if kind != ALL:
        figure = FIGURES[kind](evidence)
        if figure is None:
            troubles = "".join(f"\n  {problem.part}: {problem.message}" for problem in evidence.problems)
            raise QueryError(f"there is nothing to draw of the kind '{kind}': it needs {KINDS[kind].needs}{troubles}")
        return _save([figure], [output or Path(f"{kind}.svg")], theme, scale)
    figures = draw_all(evidence)
    if not figures:
        raise QueryError("there is nothing to draw yet: no run has finished")
    target = output or Path("figures")
    paths = [target / f"{figure.kind}{suffix}" for figure in figures for suffix in _OF_ALL]
    return _save([figure for figure in figures for _ in _OF_ALL], paths, theme, scale)


def _gather(folder: str, choice: Choice, language: str | None, *, with_effects: bool) -> Evidence:
    """The evidence that was asked for."""
    store = ResultStore.open(folder)
    evidence = gather_evidence(store, with_effects=with_effects)
    if language is not None:
        contrasts = evidence.contrasts
        present = {*evidence.scores["language"], *contrasts.loc[contrasts["unit"].ne("group"), "language"]}
        choice = replace(choice, languages=choose_languages(language, present, store.snapshot()))
    return narrow(evidence, choice)


def draw_all(evidence: Evidence) -> list[Figure]:
    """Draw every kind that the evidence has something of."""
    drawn = (draw(evidence) for draw in FIGURES.values())
    return [figure for figure in drawn if figure is not None]


def _save(
    figures: Iterable[Figure], paths: Iterable[Path], theme: ThemeName, scale: float
) -> list[tuple[Path, Figure]]:
    saved = []
    for figure, path in zip(figures, paths, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"{path.parent} cannot be made ({error.strerror}); give another place with -o") from error
        save_figure(figure, path, theme=theme, scale=scale)
        saved.append((path, figure))
    return saved


def write_table(
    folder: str,
    choice: Choice,
    *,
    language: str | None = None,
    form: str = "latex",
    of_contrasts: bool = False,
    output: Path | None = None,
) -> str | None:
    """Write a table for a paper.

    Args:
        folder: place of the sweep.
        choice: what of the evidence is shown.
        language: languages that are shown; none given: all.
        form: `latex` or `markdown`.
        of_contrasts: a line a contrast, not cells by languages.
        output: file; none: the text is returned.

    Raises:
        QueryError: nothing in the sweep to make a table of.
        FormatError: the file cannot be written.
    """
    from results.report.latex import write_latex
    from results.report.markdown import write_markdown
    from results.report.paper_table import make_cell_table, make_contrast_table

    evidence = _gather(folder, choice, language, with_effects=False)
    table = make_contrast_table(evidence) if of_contrasts else make_cell_table(evidence)
    text = write_latex(table) if form == "latex" else write_markdown(table)
    if output is None:
        return text
    write_file(text.encode(), output)
    return None
