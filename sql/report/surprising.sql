-- surprising: the names with the highest nll under the bigram model.
select
    name,
    count,
    nll
from name_nll
order by nll desc, name
limit 12
