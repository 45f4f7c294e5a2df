"""The n-grams of the relations as arrays of ids, which the model `ngram` is made of."""

from __future__ import annotations

from typing import Any

import duckdb
import pyarrow as pa

from makemore.models.ngram import NGrams
from makemore.relations import catalog
from makemore.vocab import Vocab

COMPUTED = ("ngram_counts", "ngram_adjusted", "ngram_discounts", "ngram_backoffs", "ngram_probs")
"""Relations of n-grams, which are views."""
STATES = """
create or replace temp table ngram_states as
with contexts as (
    select context, backoff from ngram_backoffs
    union all
    -- Where train is empty there are no contexts, but these two are needed to begin with.
    select context, 1 from (values ('.'), ('')) as needed (context)
    where context not in (select context from ngram_backoffs)
)
select row_number() over (order by context <> '.', length(context), context) - 1 as state, context, backoff
from contexts
"""


def compute(con: duckdb.DuckDBPyConnection) -> None:
    """Compute the views of n-grams once, as tables of this connection alone, which all that reads them then finds.

    Raises:
        FailedCheck: their probabilities break a law of sql/checks/ngram/.
    """
    selects = catalog.selects()
    for name in catalog.build_order({name: selects[name] for name in COMPUTED}):
        con.execute(f"create or replace temp table {name} as {selects[name]}")
    catalog.run_checks(con, catalog.ngram_checks())


def fallbacks(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Orders whose n-grams were too few to compute their discounts."""
    found = con.execute("select ngram_order from ngram_discounts where is_fallback order by all").fetchall()
    return [order for (order,) in found]


def read_ngrams(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> NGrams:
    """The n-grams that the relations ngram_backoffs and ngram_probs hold; contexts in the order of their text."""
    con.execute(STATES).fetchall()
    states = con.sql(
        """
        select
            length(states.context) as depth, shorter.state as shorter, before.state as before,
            coalesce(vocab.ix, 0)::bigint as last, states.backoff
        from ngram_states as states
        inner join ngram_states as shorter on shorter.context = substring(states.context, 2)
        inner join ngram_states as before on before.context = left(states.context, -1)
        left join vocab on vocab.ch = right(states.context, 1)
        order by states.state
        """
    ).to_arrow_table()
    grams = con.sql(
        """
        select states.state, vocab.ix::bigint as next, probs.prob
        from ngram_probs as probs
        inner join ngram_states as states on states.context = probs.context
        inner join vocab on vocab.ch = probs.ch
        order by states.state, vocab.ix
        """
    ).to_arrow_table()
    return NGrams(len(vocab), **_arrays(states), **_arrays(grams))


def _arrays(table: pa.Table) -> dict[str, Any]:
    return {name: table[name].to_numpy() for name in table.column_names}
