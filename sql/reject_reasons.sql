-- reject_reasons: a reject reason of a list: the number of its lines, the first line and its text.
select
    contents.source_id,
    rejects.reason,
    count(*) as lines,
    min(rejects.row) as first_row,
    arg_min(rejects.raw, rejects.row) as example
from rejects
inner join contents on rejects.content_id = contents.content_id
group by all
order by contents.source_id, lines desc, rejects.reason
