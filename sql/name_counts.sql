-- name_counts: a distinct name, how often it counts and on how many lines and in how many lists it stands.
select
    name,
    length,
    split,
    sum(weight)::bigint as count,
    count(*) as lines,
    count(distinct source_id) as sources
from names
group by all
order by count desc, name
