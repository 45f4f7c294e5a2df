-- before.split_names: the rows of split_names whose names were added or removed since the last build.
create table before.split_names as
select
    counted.*,
    counted.rowid as old_rowid
from main.split_names as counted
semi join (
    select name from added.split_names
    union
    select name from removed.split_names
) as changed on counted.name = changed.name
