-- reject_reasons: a reason why lines of a list were rejected, how many were and one of them to look at.
select
    source_id,
    reason,
    count(*) as lines,
    min(row) as first_row,
    arg_min(raw, row) as example
from rejects
group by all
order by source_id, lines desc, reason
