-- The n-grams of an ARPA file, shortest first: order, context, character, log10 of its probability and of its backoff.
--
-- The backoff is that of the context which the n-gram itself forms. Order 1 has every character of vocab.
with shortest as (
    select coalesce(max(backoff), 1) as backoff
    from ngram_backoffs
    where context = ''
),

unigrams as (
    select
        '' as context,
        vocab.ch,
        coalesce(probs.prob, shortest.backoff / count(*) over ()) as prob
    from vocab
    cross join shortest
    left join ngram_probs as probs on probs.context = '' and vocab.ch = probs.ch
),

probs as (
    select
        context,
        ch,
        prob
    from ngram_probs
    where context <> ''
    union all
    select
        context,
        ch,
        prob
    from unigrams
)

select
    length(probs.context) + 1 as ngram_order,
    probs.context,
    probs.ch,
    log10(probs.prob) as log_prob,
    log10(longer.backoff) as log_backoff
from probs
left join ngram_backoffs as longer on probs.ch <> '.' and longer.context = probs.context || probs.ch
order by all
