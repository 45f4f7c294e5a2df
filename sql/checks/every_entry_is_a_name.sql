-- every_entry_is_a_name: each entry stands in names once, with a weight of 1 or more, and nothing else does.
with sizes as (
    select
        (select count(*) from entries) as entries,
        (select count(*) from names) as names
)

select
    entries.source_id,
    entries.row,
    entries.name,
    entries.weight,
    names.name as stands_as,
    sizes.entries as lines_of_entries,
    sizes.names as lines_of_names
from entries
cross join sizes
left join names on entries.source_id = names.source_id and entries.row = names.row
where names.name is distinct from entries.name or entries.weight < 1 or sizes.entries <> sizes.names
