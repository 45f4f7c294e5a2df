-- first_letters: the first character of names, with count and share of all names.
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
