-- name_lengths: a length in characters, how many names have it and which share of all that is.
with lengths as (
    select
        length,
        sum(count)::bigint as count
    from split_names
    group by all
)

select
    length,
    count,
    count / sum(count) over () as share
from lengths
order by length
