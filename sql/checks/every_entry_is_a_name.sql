-- every_entry_is_a_name: each entry stands in names once, with a weight of 1 or more.
select
    entries.source_id,
    entries.row,
    entries.name,
    entries.weight
from entries
left join names on entries.source_id = names.source_id and entries.row = names.row
where names.name is distinct from entries.name or entries.weight < 1
