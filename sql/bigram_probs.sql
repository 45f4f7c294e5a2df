-- bigram_probs: the probability of character ch2 after character ch1, one row per pair of vocab.
--
-- The lecture's P: (count + smoothing) divided by the row's sum. lift is prob divided by the share of
-- ch2 in all bigrams: above 1, ch2 is more frequent after ch1 than elsewhere.
with rows as (
    select
        bigram_counts.ix1,
        bigram_counts.ix2,
        bigram_counts.ch1,
        bigram_counts.ch2,
        bigram_counts.count,
        bigram_counts.count + settings.smoothing as smoothed
    from bigram_counts
    cross join settings
),

probs as (
    select
        *,
        smoothed / sum(smoothed) over (partition by ix1) as prob,
        sum(count) over (partition by ix2) / sum(count) over () as share
    from rows
)

select
    ix1,
    ix2,
    ch1,
    ch2,
    count,
    prob,
    prob / share as lift
from probs
order by ix1, ix2
