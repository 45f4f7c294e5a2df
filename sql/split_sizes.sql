-- split_sizes: a split, its lines, its distinct names and its bigrams, weights included.
select
    split,
    sum(lines)::bigint as lines,
    count(*) as names,
    sum(count)::bigint as count,
    sum(count * (length + 1))::bigint as bigrams
from split_names
group by all
order by split
