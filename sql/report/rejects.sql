-- rejects: the reject reasons of all lists, with the number of rows and one example.
select
    reason,
    sum(lines)::bigint as lines,
    any_value(example) as example
from reject_reasons
group by all
order by lines desc
