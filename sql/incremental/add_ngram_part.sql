-- Add a part to ngram_parts: the n-grams of after.split_names minus those of before.split_names.
insert into main.ngram_parts
with differences as (
    select
        context,
        ch,
        count,
        types
    from after.ngram_parts
    union all
    select
        context,
        ch,
        -count as count,
        -types as types
    from before.ngram_parts
)

select
    context,
    ch,
    sum(count)::bigint as count,
    sum(types)::bigint as types,
    (select max(parts.part) + 1 from main.ngram_parts as parts) as part
from differences
group by all
having sum(count) <> 0 or sum(types) <> 0
