-- ngrams_add_up: an n-gram that does not end a name is counted as often as all n-grams that add one character after it.
--
-- For the context '.' the sum is the number of names in train; for '' it is the number of their bigrams.
with followed as (
    select
        context,
        sum(count) as count,
        sum(types) as types
    from ngram_counts
    group by all
),

expected as (
    select
        grams.context || grams.ch as context,
        grams.count,
        grams.types
    from ngram_counts as grams
    cross join settings
    where grams.ch <> '.' and length(grams.context) + 1 < settings.ngram_order
    union all
    select
        '.' as context,
        count,
        names as types
    from split_sizes
    where split = 'train'
    union all
    select
        '' as context,
        bigrams as count,
        null as types
    from split_sizes
    where split = 'train'
)

select
    coalesce(expected.context, followed.context) as context,
    expected.count as occurs,
    followed.count as is_followed
from followed
full join expected on followed.context = expected.context
where
    followed.count is distinct from expected.count
    or followed.types is distinct from coalesce(expected.types, followed.types)
