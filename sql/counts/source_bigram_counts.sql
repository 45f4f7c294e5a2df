-- source_bigram_counts: how often character ch2 follows ch1 in a list and split, one row per pair that occurs.
--
-- '.' stands for both ends of a name, so 'emma' counts (., e) (e, m) (m, m) (m, a) (a, .), each as
-- many times as the name's weight. Grouping by the two-character text and splitting it afterwards
-- is faster than grouping by two columns; a word is made before its places, or it would be made
-- once for each of them. At a build, makemore/relations/bigram_counts.py computes this same table
-- in Polars, unless --count-with sql asks for this select; tests hold the two to each other.
-- A list that is new or changed is counted, and the others stay: docs/decisions/0011-incremental-counts.md.
with words as (
    select
        source_id,
        split,
        weight,
        length,
        '.' || name || '.' as word
    from names
),

places as (
    select
        source_id,
        split,
        weight,
        word,
        unnest(range(1, length + 2)) as i
    from words
),

grams as (
    select
        source_id,
        split,
        substring(word, i, 2) as gram,
        sum(weight)::bigint as count
    from places
    group by all
)

select
    source_id,
    split,
    left(gram, 1) as ch1,
    right(gram, 1) as ch2,
    count
from grams
