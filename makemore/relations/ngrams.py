"""The n-grams of the relations as arrays of ids, from which the model `ngram` is made."""

from __future__ import annotations

from typing import Any

import duckdb

from makemore.database import sql
from makemore.models.ngram import NGrams
from makemore.relations import catalog
from makemore.vocab import Vocab

VIEWS = ("ngram_counts", "ngram_adjusted", "ngram_discounts", "ngram_backoffs", "ngram_probs")


def compute(con: duckdb.DuckDBPyConnection) -> None:
    """Compute the views of n-grams once, as temporary tables that later queries of this connection read.

    Raises:
        FailedCheck: a check of sql/checks/ngram/ fails.
    """
    selects = catalog.selects()
    for name in catalog.build_order({name: selects[name] for name in VIEWS}):
        con.execute(f"create or replace temp table {name} as {selects[name]}")
    catalog.run_checks(con, catalog.ngram_checks())


def fallbacks(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Orders with too few n-grams to compute their discounts."""
    rows = con.execute("select ngram_order from ngram_discounts where is_fallback order by all").fetchall()
    return [order for (order,) in rows]


def read_ngrams(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> NGrams:
    """The n-grams of ngram_backoffs and ngram_probs, contexts in the order of their text."""
    con.execute(f"create or replace temp table ngram_states as {sql('ngrams/ngram_states')}")
    return NGrams(len(vocab), **_arrays(con, "ngrams/states"), **_arrays(con, "ngrams/transitions"))


def _arrays(con: duckdb.DuckDBPyConnection, path: str) -> dict[str, Any]:
    table = con.sql(sql(path)).to_arrow_table()
    return {name: table[name].to_numpy() for name in table.column_names}
