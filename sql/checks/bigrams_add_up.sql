-- bigrams_add_up: a name of n characters gives n + 1 bigrams, as many times as its weight says.
with counted as (
    select
        split,
        sum(count) as bigrams
    from split_bigram_counts
    group by all
)

select
    split_sizes.split,
    split_sizes.bigrams as expected,
    counted.bigrams as counted
from split_sizes
left join counted on split_sizes.split = counted.split
where counted.bigrams is distinct from split_sizes.bigrams
