-- split_bigram_counts: how often character ch2 follows character ch1 in a split, one row per pair that occurs.
--
-- '.' stands for both ends of a name, so 'emma' counts (., e) (e, m) (m, m) (m, a) (a, .), each as
-- many times as the name's weight. Grouping by the two-character text and splitting it afterwards
-- is faster than grouping by two columns; a word is made before its places, or it would be made
-- once for each of them. At a build, makemore/counts.py computes this same table
-- in Polars, unless --count-with sql asks for this select; tests hold the two to each other.
with words as (
    select
        split,
        weight,
        length,
        '.' || name || '.' as word
    from names
),

places as (
    select
        split,
        weight,
        word,
        unnest(range(1, length + 2)) as i
    from words
),

grams as (
    select
        split,
        substring(word, i, 2) as gram,
        sum(weight)::bigint as count
    from places
    group by all
)

select
    split,
    left(gram, 1) as ch1,
    right(gram, 1) as ch2,
    count
from grams
order by split, ch1, ch2
