-- ngram_probs_sum_to_one: after each context the probabilities of all characters are positive and sum to one.
with own as (
    select
        context,
        count(*) as grams,
        sum(prob) as prob,
        min(prob) as least
    from ngram_probs
    group by all
),

-- Probability of the same characters after the shorter context: backoff distributes the remainder.
shorter as (
    select
        probs.context,
        sum(given.prob) as prob
    from ngram_probs as probs
    inner join ngram_probs as given on substring(probs.context, 2) = given.context and probs.ch = given.ch
    where probs.context <> ''
    group by all
),

-- Below the context '', all characters of vocab have the same probability.
uniform as (
    select
        own.context,
        own.grams / (select count(*) from vocab) as prob
    from own
    where own.context = ''
)

select
    own.context,
    own.least,
    backoffs.backoff,
    own.prob + backoffs.backoff * (1 - coalesce(shorter.prob, uniform.prob)) as mass
from own
full join ngram_backoffs as backoffs on own.context = backoffs.context
left join shorter on own.context = shorter.context
left join uniform on own.context = uniform.context
where not coalesce(own.least > 0 and backoffs.backoff > 0 and abs(mass - 1) < 1e-9, false)
