-- vocab: a character of the names and its id, '.' being 0 and the others in code-point order.
--
-- count is how often the character occurs, weights included; for '.', how many names end.
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
