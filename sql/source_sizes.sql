-- source_sizes: a list, its size and the number of names that it alone contains.
with given as (
    select
        names.source_id,
        count(*) as lines,
        count(distinct names.name) as names,
        count(distinct names.name) filter (where name_counts.sources = 1) as names_here_only,
        sum(names.weight)::bigint as count,
        avg(names.length) as mean_length
    from names
    inner join name_counts on names.name = name_counts.name
    group by all
)

select
    sources.source_id,
    sources.uri,
    given.lines,
    given.names,
    given.names_here_only,
    given.count,
    given.mean_length,
    sources.rejects
from sources
inner join given on sources.source_id = given.source_id
order by sources.source_id
