-- name_lengths: a length in characters, with count and share of all names.
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
