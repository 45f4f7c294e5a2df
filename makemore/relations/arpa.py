"""N-grams in the ARPA format of KenLM, SRILM and other n-gram tools; a character is a word there."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from makemore.database import sql
from makemore.vocab import END, Vocab

LOG_ZERO = "-99"
"""The format's logarithm of 0, for the start of a name and for unknown characters."""


def lines(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> Iterator[str]:
    """Lines of the ARPA file of the n-grams, without newlines.

    '.' is <s> before a character and </s> after one. Whitespace is written as its code point (a space is U+0020), since
    the format splits words at it. Probabilities are interpolated.
    """
    words = {ch: f"U+{ord(ch):04X}" if ch.isspace() else ch for ch in vocab.chars}
    orders = con.execute(
        "select length(context) + 1, count(*) from ngram_probs where context <> '' group by all order by all"
    ).fetchall()
    start = con.execute("select log10(backoff) from ngram_backoffs where context = ?", [END]).fetchall()
    yield "\\data\\"
    for order, grams in [(1, len(vocab) + 2), *orders]:
        yield f"ngram {order}={grams}"
    last_order = 0
    for order, context, ch, log_prob, backoff in con.execute(sql("arpa/ngrams")).fetchall():
        if order > last_order:
            yield from ("", f"\\{order}-grams:")
            if order == 1:
                yield from (_line(LOG_ZERO, ["<unk>"], None), _line(LOG_ZERO, ["<s>"], start[0][0] if start else None))
            last_order = order
        ngram = ["<s>" if previous == END else words[previous] for previous in context]
        yield _line(f"{log_prob:.9g}", [*ngram, "</s>" if ch == END else words[ch]], backoff)
    yield from ("", "\\end\\")


def _line(log_prob: str, ngram: list[str], backoff: float | None) -> str:
    return "\t".join([log_prob, " ".join(ngram)] + ([] if backoff is None else [f"{backoff:.9g}"]))
