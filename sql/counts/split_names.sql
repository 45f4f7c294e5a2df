-- split_names: a distinct name of a split: its count, its lines and lists, and whether it occurs in train.
--
-- Models are trained and evaluated on these. The hash of names.bucket never puts a name of dev or test into
-- train. Lists that were read with --split may put a name into several splits: then seen is true for a name
-- of dev or test that is also in train.
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
