-- same_name_same_split: all lines of a name whose split is its hash's are in one split.
--
-- A list that was read with --split may put a name that is trained on into test: evaluation then tells
-- names that were seen from those that were not.
select
    names.name,
    count(distinct names.split) as splits
from names
inner join sources on names.source_id = sources.source_id
where sources.options ->> 'split' is null
group by all
having count(distinct names.split) > 1
