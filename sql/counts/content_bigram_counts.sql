-- content_bigram_counts: how often character ch2 follows ch1 in a content and split, one row per pair that occurs.
--
-- '.' marks both ends of a name, so 'emma' counts (., e) (e, m) (m, m) (m, a) (a, .), each with the
-- weight of the name. Grouping by the two-character text and splitting it afterwards is faster than
-- grouping by two columns. The CTE words keeps '.' || name || '.' from being computed once per position.
-- By default makemore/relations/bigram_counts.py computes this table in Polars; tests compare the two.
-- Only new contents are counted in a build: docs/decisions/0011-incremental-counts.md.
with words as (
    select
        content_id,
        split,
        weight,
        length,
        '.' || name || '.' as word
    from content_names
),

positions as (
    select
        content_id,
        split,
        weight,
        word,
        unnest(range(1, length + 2)) as i
    from words
),

grams as (
    select
        content_id,
        split,
        substring(word, i, 2) as gram,
        sum(weight)::bigint as count
    from positions
    group by all
)

select
    content_id,
    split,
    left(gram, 1) as ch1,
    right(gram, 1) as ch2,
    count
from grams
