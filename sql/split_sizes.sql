-- split_sizes: a split, its lines, its distinct names and its bigrams, weights included.
with lines as (
    select
        split,
        count(*) as lines,
        count(distinct name) as names,
        sum(weight)::bigint as count,
        sum(weight * (length + 1))::bigint as bigrams
    from names
    group by all
)

select *
from lines
order by split
