-- ngram_counts: how often character ch follows a context, the characters before it, in the split train.
--
-- A context has up to order - 1 characters; '.' may be its first, where it reaches back to the start of
-- the name, and '' is the context of no character. count is of all lines, weights included; types is of
-- distinct names, each of them once. Only the longest contexts are counted: each shorter one is
-- the end of a longer one, and their counts are sums of its counts.
with words as (
    select
        length,
        sum(weight)::bigint as weight,
        '.' || name || '.' as word
    from names
    where split = 'train'
    group by name, length
),

places as (
    select
        weight,
        word,
        unnest(range(2, length + 3)) as i
    from words
),

longest as (
    select
        substring(places.word, greatest(1, places.i - settings.ngram_order + 1), least(places.i, settings.ngram_order))
            as gram,
        sum(places.weight)::bigint as count,
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
    types
from grams
order by context, ch
