"""Report page (report.html, a single file that loads nothing) and model card (README.md) of a version."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from makemore.database import SQL, analyst
from makemore.files.atomic import written_aside
from makemore.reporting import columns
from makemore.versions.version import Version


def write_report(draft: Version) -> None:
    """Write report.html and README.md to a draft that has all other files. sql/report/ has a select for each table."""
    selects = {path.stem: path.read_text(encoding="utf-8") for path in SQL.glob("report/*.sql")}
    with analyst(draft.stats) as con:
        values: dict[str, Any] = {
            **{name: con.sql(select).pl().to_dicts() for name, select in selects.items()},
            "version": draft,
            "manifest": draft.manifest,
            "promotion": draft.read_promotion(),
            "comparison": columns.comparison(draft),
            "sample_quality": columns.sample_quality(draft),
        }
    for path in (draft.report, draft.card):
        with written_aside(path) as aside:
            aside.write_text(_templates().get_template(path.name).render(values), encoding="utf-8")


@cache
def _templates() -> jinja2.Environment:
    """The templates, each compiled once in a process."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        # A name is data: HTML escapes it, Markdown shows it as a code span.
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["code_span"] = _code_span
    return templates


def _code_span(text: str) -> str:
    """Return text as a Markdown code span that is safe in a table cell (CommonMark 0.31, section 6.1)."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return fence + pad + text.replace("|", "\\|") + pad + fence
