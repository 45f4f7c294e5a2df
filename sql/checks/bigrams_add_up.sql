-- bigrams_add_up: a name of n characters has n + 1 bigrams, each counted with the weight of the name.
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
