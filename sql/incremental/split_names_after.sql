-- after.split_names: the rows that replace those of before.split_names: before + added - removed.
create table after.split_names as
with lines as (
    select * exclude (old_rowid)
    from before.split_names
    union all by name
    select *
    from added.split_names
    union all by name
    select * replace (-count as count, -lines as lines, -sources as sources)
    from removed.split_names
),

totals as (
    select
        split,
        name,
        length,
        sum(count)::bigint as count,
        sum(lines)::bigint as lines,
        sum(sources)::bigint as sources
    from lines
    group by all
    having sum(lines) > 0
)

select
    *,
    bool_or(split = 'train') over (partition by name) as seen
from totals
