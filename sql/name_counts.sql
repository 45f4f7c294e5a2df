-- name_counts: a distinct name, how often it counts and on how many lines and in how many lists it stands.
--
-- split is null where lists that were read with --split put the name on several sides.
select
    name,
    length,
    case when min(split) = max(split) then min(split) end as split,
    sum(count)::bigint as count,
    sum(lines)::bigint as lines,
    sum(sources)::bigint as sources
from split_names
group by all
order by count desc, name
