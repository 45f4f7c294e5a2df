-- before.split_names: the rows of split_names whose names were added or removed since the last build.
create table before.split_names as
with changed as (
    select name from added.split_names
    union
    select name from removed.split_names
)

select
    counted.split,
    counted.name,
    counted.length,
    counted.count,
    counted.lines,
    counted.sources,
    counted.seen,
    counted.rowid as old_rowid
from main.split_names as counted
where counted.name in (select changed.name from changed)
