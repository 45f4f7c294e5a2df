-- same_name_same_split: all lines of a name are in one split, so that nothing tested was trained on.
select
    name,
    count(distinct split) as splits
from names
group by all
having count(distinct split) > 1
