"""The n-grams in ARPA format, the one that KenLM, SRILM and other n-gram tools read: a character is a word there."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from makemore.vocab import END, Vocab

NEVER = "-99"
"""The format's logarithm of 0: nothing leads back to the start, and what is not in the vocab is impossible."""
NGRAMS = """
select length(probs.context) + 1, probs.context, probs.ch, log10(probs.prob), log10(longer.backoff)
from (
    from ngram_probs where context <> ''
    union all by name
    select '' as context, vocab.ch, coalesce(
        probs.prob, coalesce((select backoff from ngram_backoffs where context = ''), 1) / count(*) over ()
    ) as prob
    from vocab left join ngram_probs as probs on probs.context = '' and probs.ch = vocab.ch
) as probs
left join ngram_backoffs as longer on probs.ch <> '.' and longer.context = probs.context || probs.ch
order by all
"""


def lines(con: duckdb.DuckDBPyConnection, vocab: Vocab) -> Iterator[str]:
    """Lines of the ARPA file of the relations' n-grams, without their ends.

    '.' is <s> before a character and </s> after one. Whitespace, which the format splits words at, is written as its
    code point: a space is U+0020. Probabilities are the interpolated ones, each with its context's backoff to come.
    """
    words = {ch: f"U+{ord(ch):04X}" if ch.isspace() else ch for ch in vocab.chars}
    orders = con.execute(
        "select length(context) + 1, count(*) from ngram_probs where context <> '' group by all order by all"
    ).fetchall()
    start = con.execute("select log10(backoff) from ngram_backoffs where context = ?", [END]).fetchall()
    yield "\\data\\"
    for order, grams in [(1, len(vocab) + 2), *orders]:
        yield f"ngram {order}={grams}"
    written = 0
    for order, context, ch, log_prob, backoff in con.execute(NGRAMS).fetchall():
        if order > written:
            yield from ("", f"\\{order}-grams:")
            if order == 1:
                yield from (_line(NEVER, ["<unk>"], None), _line(NEVER, ["<s>"], start[0][0] if start else None))
            written = order
        yield _line(f"{log_prob:.9g}", [*_context(context, words), "</s>" if ch == END else words[ch]], backoff)
    yield from ("", "\\end\\")


def _context(context: str, words: dict[str, str]) -> list[str]:
    return ["<s>" if ch == END else words[ch] for ch in context]


def _line(log_prob: str, ngram: list[str], backoff: float | None) -> str:
    return "\t".join([log_prob, " ".join(ngram)] + ([] if backoff is None else [f"{backoff:.9g}"]))
