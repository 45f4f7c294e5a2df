-- first_letters: a character that names begin with, how many do and which share of all that is.
with letters as (
    select
        ch2 as ch,
        count
    from bigram_counts
    where ch1 = '.' and count > 0
)

select
    ch,
    count,
    count / sum(count) over () as share
from letters
order by count desc, ch
