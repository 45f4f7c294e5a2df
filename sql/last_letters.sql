-- last_letters: a character that names end with, how many do and which share of all that is.
with letters as (
    select
        ch1 as ch,
        count
    from bigram_counts
    where ch2 = '.' and count > 0
)

select
    ch,
    count,
    count / sum(count) over () as share
from letters
order by count desc, ch
