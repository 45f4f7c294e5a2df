-- bigram_counts: how often character ch2 follows character ch1, one row per pair of vocab.
--
-- Over all names of all splits. Unseen pairs are kept with count 0: the table is the whole matrix N
-- of the lecture, and smoothing needs no special case downstream.
with counts as (
    select
        ch1,
        ch2,
        sum(count)::bigint as count
    from split_bigram_counts
    group by all
)

select
    first.ix as ix1,
    second.ix as ix2,
    first.ch as ch1,
    second.ch as ch2,
    coalesce(counts.count, 0) as count
from vocab as first
cross join vocab as second
left join counts on first.ch = counts.ch1 and second.ch = counts.ch2
order by ix1, ix2
