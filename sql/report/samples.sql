-- samples: the first names that were sampled from each model.
select
    model_type,
    name,
    is_new
from samples
where row <= 48
order by model_type, row
