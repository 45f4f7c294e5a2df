-- names_to_score: a distinct name of a split, and its place in a random order of the split.
--
-- Models score the names with the first places. The order by md5 is the same in each run, and changes
-- little when a list grows.
select
    split,
    name,
    count,
    seen,
    row_number() over (partition by split order by md5(name)) as place
from split_names
