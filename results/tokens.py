"""How tokenizers cut the languages that were scored: what a claim about a low-resource language needs beside scores.

In: the folder of a sweep. Out: standard output or a file, one row an encoder, task and language.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
from rich.console import Console
from rich.text import Text

from results.formats import open_console, resolve_format, write_output
from results.grid import Entry, Grid, Line, print_grid
from results.language_choice import keep_languages
from results.schema import CLEAN
from results.store import ResultStore
from results.views import Choice

_KEY = ["encoder", "target_task", "language"]
_MEASURES = ["fertility", "tokens_per_character", "unknown_rate"]
_MEANING = (
    "Of the texts that were scored, special tokens left out. fertility: tokens a word; none where no spaces part "
    "words. unknown: share of tokens that stand for characters which the tokenizer does not know."
)


def show_tokens(folder: Path | str, choice: Choice, form: str | None = None, output: Path | None = None) -> None:
    """Show how encoders' tokenizers cut the test sets; of `choice` the languages are read.

    Raises:
        QueryError: a language that no score is of.
    """
    form = resolve_format(form, output)
    snapshot = ResultStore.open(folder).snapshot()
    table = keep_languages(count_tokens(snapshot.results), choice.language, snapshot)
    if form != "table":
        write_output(table, form, output)
        return
    with open_console(output) as console:
        _print_tokens(table.to_pandas(), console)


def count_tokens(results: pa.Table) -> pa.Table:
    """One row an encoder, task and language with a clean score, of the largest test set that was scored.

    Returns:
        Columns encoder, target_task, source_language, language, num_examples, fertility, tokens_per_character,
        unknown_rate (0 to 1).
    """
    columns = ["encoder", "target_task", "source_language", "language", "num_examples", *_MEASURES]
    frame = results.select([*columns, "condition"]).to_pandas()
    frame = frame[(frame["condition"] == CLEAN) & frame["tokens_per_character"].notna()]
    largest = frame.sort_values("num_examples", ascending=False, kind="stable").drop_duplicates(_KEY)
    return pa.Table.from_pandas(
        largest.sort_index()[columns], schema=pa.schema([results.schema.field(name) for name in columns])
    ).replace_schema_metadata(None)


def _print_tokens(frame: pd.DataFrame, console: Console) -> None:
    for (encoder, task, source), rows in frame.groupby(["encoder", "target_task", "source_language"], sort=False):
        rows = rows.assign(is_other=rows["language"] != source).sort_values(["is_other", "language"])
        grid = Grid(
            title=f"Tokens by language: {task}, {encoder}",
            columns=("examples", "fertility", "tokens/character", "unknown %"),
            lines=tuple(_line(row) for _, row in rows.iterrows()),
            corner="language",
            may_turn=False,
        )
        print_grid(grid, console)
    if frame.empty:
        console.print("No token counts: no trial with scores has finished, or all were stored before they were kept.")
    else:
        console.print(Text(_MEANING, style="dim"))


def _line(row: "pd.Series") -> Line:
    entries = {
        "examples": Entry(text=f"{row['num_examples']:,}"),
        "tokens/character": Entry(text=f"{row['tokens_per_character']:.3f}"),
        "unknown %": Entry(text=f"{100.0 * row['unknown_rate']:.2f}"),
    }
    if pd.notna(row["fertility"]):
        entries["fertility"] = Entry(text=f"{row['fertility']:.2f}")
    return Line(label=str(row["language"]), entries=entries)
