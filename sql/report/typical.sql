-- typical: the names with the lowest nll under the bigram model.
select
    name,
    count,
    nll
from name_nll
order by nll, name
limit 12
