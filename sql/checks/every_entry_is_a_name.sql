-- every_entry_is_a_name: each entry belongs to a content, has a weight of 1 or more and is counted as one line.
with sizes as (
    select
        (select count(*) from entries) as names,
        (select sum(weight) from entries) as weight,
        (select sum(lines) from split_names) as lines_counted,
        (select sum(count) from split_names) as weight_counted
)

select
    entries.content_id,
    entries.row,
    entries.name,
    entries.weight,
    null as names,
    null as lines_counted,
    null as weight_counted
from entries
where
    entries.rowid in (
        -- Row ids first, so that names are read for violations alone.
        select found.rowid
        from entries as found
        where
            found.content_id not in (select contents.content_id from contents)
            or found.weight < 1
            or found.name is null
    )
union all
select
    null as content_id,
    null as row,
    null as name,
    weight,
    names,
    lines_counted,
    weight_counted
from sizes
where names is distinct from lines_counted or weight is distinct from weight_counted
