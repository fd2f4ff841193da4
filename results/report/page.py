"""The report: one HTML page that needs nothing from elsewhere. In: evidence. Out: its text."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from results.errors import FormatError, ResultsError
from results.garbage import without_collection
from results.report.blocks import Grid, lay_out
from results.report.comparisons import with_sound_verdicts
from results.report.detail_charts import draw_curve, draw_deltas
from results.report.evidence import Evidence, Problem
from results.report.figures import FIGURES
from results.report.figures.theme import PALETTES, THEMES, ThemeName, config
from results.report.methods import describe_methods
from results.report.sections.claims import find_claims
from results.report.sections.design import describe_design
from results.report.sections.health import examine_health
from results.report.sections.languages import detail_languages
from results.report.sections.limits import find_limits
from results.report.sections.provenance import trace_provenance
from results.report.sections.selections import compare_rules
from results.report.wording import moment

PageTheme = Literal["auto", "light", "dark"]


@dataclass(frozen=True, kw_only=True)
class DrawnFigure:
    """A figure as the page takes it."""

    kind: str
    title: str
    caption: str
    alt_text: str
    spec: dict[str, Any]
    grid: Grid


@without_collection()
def render_page(evidence: Evidence, *, theme: PageTheme = "auto", digest: str | None = None) -> str:
    """Write the page.

    Args:
        evidence: of `gather_evidence`; verdicts that their corrected interval does not bear out are taken back.
        theme: `auto` follows the reader's system.
        digest: of what it is made from, for a page that renews itself; none given: it does not.
    """
    evidence = replace(evidence, contrasts=with_sound_verdicts(evidence.contrasts))
    problems = list(evidence.problems)
    figures = list(_draw_figures(evidence, problems))
    scripts = _scripts(is_live=digest is not None)
    template = _environment().get_template("page.html")
    return template.render(
        theme=theme,
        digest=digest,
        policy=content_policy(is_live=digest is not None),
        style=Markup(_palettes() + _read("page.css")),
        scripts=[Markup(script) for script in scripts],
        uri=evidence.uri,
        made_at=evidence.made_at,
        problems=problems,
        design=describe_design(evidence),
        claims=find_claims(evidence),
        health=examine_health(evidence),
        figures=figures,
        details=detail_languages(evidence),
        selections=compare_rules(evidence),
        limits=find_limits(evidence),
        methods=describe_methods(evidence),
        provenance=trace_provenance(evidence),
        delta_chart=draw_deltas(),
        curve_chart=draw_curve(),
        themes={name: config(name) for name in THEMES},
    )


def write_page(path: Path, text: str) -> None:
    """Write a page, whole or not at all.

    Raises:
        FormatError: nothing can be written there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FormatError(f"the report cannot be written to {path} ({error.strerror}); give another -o") from error


def content_policy(*, is_live: bool) -> str:
    """What the page may load and run: its own scripts, told by their hashes, and nothing from anywhere else."""
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in _scripts(is_live=is_live))
    connect = "; connect-src 'self'" if is_live else ""
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:{connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _draw_figures(evidence: Evidence, problems: list[Problem]) -> Iterator[DrawnFigure]:
    for kind, draw in FIGURES.items():
        try:
            figure = draw(evidence)
        except ResultsError as error:
            problems.append(Problem(f"figure {kind}", str(error)))
            continue
        if figure is not None:
            yield DrawnFigure(
                kind=kind,
                title=figure.title,
                caption=figure.caption,
                alt_text=figure.alt_text,
                spec=figure.chart.to_dict(validate=False),  # tests of the figures do, and it is half of the time
                grid=lay_out(figure.table, figure.title),
            )


def _environment() -> Environment:
    loader = PackageLoader("results.report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {"script": _script_json, "moment": moment}
    return environment


def _script_json(value: Any) -> Markup:
    """JSON that may stand in a script element: nothing in it can end the element."""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _scripts(*, is_live: bool) -> list[str]:
    return [_vega(), _read("page.js"), *([_read("live.js")] if is_live else [])]


@cache
def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script; takes seconds to bundle."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle


def _read(name: str) -> str:
    return files("results.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _palettes() -> str:
    """The colours of the figures as variables of the style sheet."""
    light, dark, printed = (_variables(name) for name in THEMES)
    return (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root[data-theme=auto] {{ {dark} }} }}\n"
        f":root[data-theme=dark] {{ {dark} color-scheme: dark; }}\n"
        ":root[data-theme=light] { color-scheme: light; }\n"
        f"@media print {{ :root, :root[data-theme] {{ {printed} color-scheme: light; }} }}\n"
    )


def _variables(name: ThemeName) -> str:
    palette = PALETTES[name]
    better, worse, no_loss, equivalent, *_ = palette.verdicts
    values = {
        "background": palette.background,
        "text": palette.text,
        "muted": palette.muted,
        "line": palette.grid,
        "link": better,
        "better": better,
        "worse": worse,
        "no-loss": no_loss,
        "equivalent": equivalent,
    }
    return " ".join(f"--{key}: {value};" for key, value in values.items())
