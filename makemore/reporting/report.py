"""What a person looks at in a version: report.html, one page without a network, and README.md, its model card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from makemore.database import connect
from makemore.files.atomic import written_aside
from makemore.versions.version import Version

CHARACTERS = 40
"""Characters that the picture of the bigrams has room for: the most frequent ones."""
SAMPLES = 48
"""Sampled names that are shown of each model."""
QUERIES = {
    "models": "from comparison",
    "quality": "from sample_quality",
    "sources": "select uri, lines, names, mean_length, rejects from source_sizes order by source_id",
    "rejects": "select reason, sum(lines)::bigint as lines, any_value(example) as example "
    "from reject_reasons group by reason order by lines desc",
    "splits": "select split, lines, names, bigrams from split_sizes order by bigrams desc, split",
    "lengths": "select length, count, share, share / max(share) over () as bar from name_lengths",
    "bigrams": "select ch1, ch2, count, prob from bigram_probs where count > 0 order by count desc, ix1, ix2 limit 12",
    "typical": "select name, count, nll from name_nll order by nll, name limit 12",
    "surprising": "select name, count, nll from name_nll order by nll desc, name limit 12",
}


def write_report(draft: Version) -> None:
    """Write report.html and README.md to a draft that is complete but for them."""
    told = _told(draft)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        # A name is data: it is escaped in the page, and stands in code quotes in the card.
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["code_span"] = _code_span
    for path in (draft.report, draft.card):
        with written_aside(path) as aside:
            aside.write_text(templates.get_template(path.name).render(told), encoding="utf-8")


def _code_span(text: str) -> str:
    """An address as a code span of Markdown in a cell of a table, whatever its characters (CommonMark 0.31, 6.1)."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return fence + pad + text.replace("|", "\\|") + pad + fence


def _told(draft: Version) -> dict[str, Any]:
    with connect(draft.stats, read_only=True) as con:
        tables = {name: _rows(con, query) for name, query in QUERIES.items()}
        samples = {
            model["model_type"]: _rows(
                con,
                f"select name, nll, is_new from samples where model_type = '{model['model_type']}' "
                f"order by row limit {SAMPLES}",
            )
            for model in tables["models"]
        }
        picture = _picture(con)
    told = {"manifest": draft.manifest, "failed": draft.failed, "samples": samples}
    return tables | picture | told | {"promotion": draft.read_promotion()}


def _picture(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The lecture's picture of N: characters, and for each row of them the counts and their shades from 0 to 1."""
    common = f"(select ix from vocab order by ix <> 0, count desc limit {CHARACTERS})"
    cells = _rows(
        con,
        f"""
        select ix1, ch1, ch2, count, sqrt(prob) as shade from bigram_probs
        where ix1 in {common} and ix2 in {common} order by ix1, ix2
        """,
    )
    rows: dict[int, list[dict[str, Any]]] = {}
    for cell in cells:
        rows.setdefault(cell["ix1"], []).append(cell)
    return {"picture": list(rows.values()), "characters": con.execute("select count(*) from vocab").fetchall()[0][0]}


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(query).pl().to_dicts()
    return rows
