-- split_names: a distinct name of a split: its count, its lines and lists, and whether train contains it.
--
-- Models are trained on the rows of train and evaluated on those of dev and test. The bucket puts a
-- name into one split only. Lists with --split may put it into several: seen is true for a name of
-- dev or test that train contains.
with counts as (
    select
        split,
        name,
        length,
        sum(weight)::bigint as count,
        count(*) as lines,
        count(distinct content_id) as sources
    from content_names
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
