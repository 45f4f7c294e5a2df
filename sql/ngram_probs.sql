-- ngram_probs: the probability of character ch after a context, by interpolated modified Kneser-Ney.
--
-- One row for each kept n-gram. prob is the discounted count over the context's total, plus the
-- context's backoff weight times prob after the context one character shorter. Below the context
-- '', all characters of vocab have the same probability. A character without a row has the backoff
-- weight times its prob after the shorter context. Chen and Goodman (1999), section 3.
with recursive characters as (
    select count(*) as vocab_size
    from vocab
),

own as (
    select
        grams.context,
        grams.ch,
        grams.ngram_order,
        backoffs.backoff,
        (
            grams.adjusted
            - case grams.adjusted when 1 then discounts.d1 when 2 then discounts.d2 else discounts.d3 end
        ) / backoffs.total as share
    from ngram_adjusted as grams
    inner join ngram_discounts as discounts on grams.ngram_order = discounts.ngram_order
    inner join ngram_backoffs as backoffs on grams.context = backoffs.context
    where grams.is_kept
),

probs as (
    select
        own.context,
        own.ch,
        own.ngram_order,
        own.share + own.backoff / characters.vocab_size as prob
    from own
    cross join characters
    where own.ngram_order = 1
    union all
    select
        own.context,
        own.ch,
        own.ngram_order,
        own.share + own.backoff * shorter.prob as prob
    from probs as shorter
    inner join own
        on
            shorter.ngram_order + 1 = own.ngram_order
            and shorter.context = substring(own.context, 2)
            and shorter.ch = own.ch
)

select
    context,
    ch,
    prob
from probs
