-- lengths: the number of names of each length, and the length of its bar from 0 to 1.
select
    length,
    count,
    share / max(share) over () as bar
from name_lengths
order by length
