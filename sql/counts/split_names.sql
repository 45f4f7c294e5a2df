-- split_names: a distinct name of a split, how often it counts there, on how many lines, and whether train has it.
--
-- Models are trained and evaluated on these. By the hash no name of dev or test is in train; a list that was
-- read with --split may put one on several sides, and seen then tells which they are. A list has a name on one
-- side only, so that the lists of its sides add up.
with counts as (
    select
        split,
        name,
        length,
        sum(weight)::bigint as count,
        count(*) as lines,
        count(distinct source_id) as sources
    from names
    group by all
)

select
    split,
    name,
    length,
    count,
    lines,
    sources,
    bool_or(split = 'train') over (partition by name) as seen
from counts
