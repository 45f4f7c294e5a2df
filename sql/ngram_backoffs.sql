-- ngram_backoffs: a context, how often it counts, and the share of it that goes to the context one character shorter.
--
-- That share is all that discounts take from the n-grams after the context, n1, n2 and n3 of them that count
-- 1, 2, and 3 and more, and all of the dropped ones. Contexts after which no n-gram is kept are
-- left out: the shorter context stands for them.
with sizes as (
    select
        context,
        ngram_order,
        sum(adjusted)::bigint as total,
        count(*) filter (where is_kept and adjusted = 1) as n1,
        count(*) filter (where is_kept and adjusted = 2) as n2,
        count(*) filter (where is_kept and adjusted > 2) as n3,
        coalesce(sum(adjusted) filter (where not is_kept), 0)::bigint as dropped
    from ngram_adjusted
    group by all
)

select
    sizes.context,
    sizes.total,
    sizes.n1,
    sizes.n2,
    sizes.n3,
    sizes.dropped,
    (sizes.n1 * discounts.d1 + sizes.n2 * discounts.d2 + sizes.n3 * discounts.d3 + sizes.dropped) / sizes.total
        as backoff
from sizes
inner join ngram_discounts as discounts on sizes.ngram_order = discounts.ngram_order
where sizes.n1 + sizes.n2 + sizes.n3 > 0
