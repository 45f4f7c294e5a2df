-- name_counts: a distinct name with its count, lines and lists.
--
-- split is null if lists with different --split contain the name.
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
