"""A table as LaTeX, for `booktabs`; long ones break over pages (`longtable`). In: a `PaperTable`. Out: text."""

import math

from results.report.paper_table import Line, PaperTable, Shown, Span

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "\u2212": "$-$",
    "†": r"$^\dagger$",
    "–": "--",
    "“": "``",
    "”": "''",
    "\u00a0": "~",
    "\n": " ",
}
_MAX_LINES = 40
"""A table of more breaks over pages."""


def write_latex(table: PaperTable) -> str:
    """Write a table that needs `booktabs`, and `longtable` where it is long."""
    columns = "l" + "r" * len(table.columns)
    caption = rf"\caption{{{escape_tex(table.caption)}}}\label{{{table.label}}}"
    head = " & ".join([escape_tex(table.corner), *map(escape_tex, table.columns)]) + r" \\"
    body = [text for line in table.lines for text in _line(line)]
    if len(table.lines) > _MAX_LINES:
        lines = [
            "% needs \\usepackage{booktabs,longtable}",
            rf"\begin{{longtable}}{{{columns}}}",
            caption + r" \\",
            r"\toprule",
            head,
            r"\midrule",
            r"\endfirsthead",
            r"\toprule",
            head,
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endlastfoot",
            *body,
            r"\end{longtable}",
        ]
    else:
        lines = [
            "% needs \\usepackage{booktabs}",
            r"\begin{table*}",
            r"\centering\small",
            caption,
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table*}",
        ]
    return "\n".join(lines) + "\n"


def escape_tex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _line(line: Line) -> list[str]:
    texts = [escape_tex(line.label), *(_entry(entry) for entry in line.entries)]
    row = " & ".join(texts) + r" \\"
    return [r"\midrule", row] if line.starts_block else [row]


def _entry(shown: Shown) -> str:
    match shown:
        case None:
            return ""
        case str():
            return escape_tex(shown)
        case Span(low, high):
            return "--" if math.isnan(low) or math.isnan(high) else f"$[{low:+z.1f}, {high:+z.1f}]$"
    if math.isnan(shown.value):
        return "--"
    number = f"{shown.value:{'+' if shown.is_signed else ''}z.{shown.digits}f}"
    number = rf"\mathbf{{{number}}}" if shown.is_claim else number
    spread = "" if math.isnan(shown.spread) else rf" \pm {shown.spread:.{shown.digits}f}"
    dagger = r"^{\dagger}" if shown.is_reduced else ""
    return f"${number}{spread}{dagger}$"
