-- vocab: a character of the names and its id: 0 for '.', the others in code-point order.
--
-- count includes weights; for '.' it is the number of names.
with characters as (
    select
        ch2 as ch,
        sum(count)::bigint as count
    from split_bigram_counts
    group by all
)

select
    (row_number() over (order by ch <> '.', unicode(ch)) - 1)::integer as ix,
    ch,
    unicode(ch) as code_point,
    count
from characters
order by ix
