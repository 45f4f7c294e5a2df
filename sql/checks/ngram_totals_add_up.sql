-- ngram_totals_add_up: for each length, all n-gram counts sum to the number of positions in train where one can end.
--
-- A name of n characters has n + 1 positions. A context of k >= 1 characters, the start '.' included, precedes
-- n + 2 - k of them. The checks of sql/checks/ngram/ compare single contexts, when `ngram` is trained.
with counted as (
    select
        length(context) as size,
        sum(count) as count,
        sum(types) as types
    from ngram_parts
    group by all
),

lengths as (
    select
        length,
        sum(count) as count,
        count(*) as types
    from split_names
    where split = 'train'
    group by all
),

places as (
    select
        sizes.size,
        least(lengths.length + 1, greatest(0, lengths.length + 2 - sizes.size)) as places,
        lengths.count,
        lengths.types
    from lengths
    cross join settings
    cross join lateral unnest(range(settings.ngram_order)) as sizes (size)
),

expected as (
    select
        size,
        sum(places * count) as count,
        sum(places * types) as types
    from places
    where places > 0
    group by all
)

select
    coalesce(expected.size, counted.size) as size,
    expected.count as places,
    counted.count as counted,
    expected.types as places_of_names,
    counted.types
from expected
full join counted on expected.size = counted.size
where expected.count is distinct from counted.count or expected.types is distinct from counted.types
