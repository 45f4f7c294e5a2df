-- splits: the size of each split.
select
    split,
    lines,
    names,
    bigrams
from split_sizes
order by bigrams desc, split
