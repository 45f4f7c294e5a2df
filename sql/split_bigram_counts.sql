-- split_bigram_counts: how often character ch2 follows character ch1 in a split, one row per pair that occurs.
select
    split,
    ch1,
    ch2,
    sum(count)::bigint as count
from content_bigram_counts
group by all
order by split, ch1, ch2
