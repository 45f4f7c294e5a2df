-- ngram_parts: the change of the count of ch after a context in the split train, by build.
--
-- Part 0 is the last full count; each later build adds a part for names that were added or removed.
-- ngram_counts is the sum. Only the longest contexts are counted from names: counts of shorter
-- contexts are sums of the counts of longer ones.
with words as (
    select
        length,
        count,
        '.' || name || '.' as word
    from split_names
    where split = 'train'
),

places as (
    select
        count,
        word,
        unnest(range(2, length + 3)) as i
    from words
),

longest as (
    select
        substring(places.word, greatest(1, places.i - settings.ngram_order + 1), least(places.i, settings.ngram_order))
            as gram,
        sum(places.count)::bigint as count,
        count(*) as types
    from places
    cross join settings
    group by all
),

sizes as (
    select
        gram,
        count,
        types,
        unnest(range(1, length(gram) + 1)) as size
    from longest
    where gram <> '.'
),

grams as (
    select
        right(gram, size) as gram,
        sum(count)::bigint as count,
        sum(types)::bigint as types
    from sizes
    group by all
)

select
    left(gram, -1) as context,
    right(gram, 1) as ch,
    count,
    types,
    0 as part
from grams
