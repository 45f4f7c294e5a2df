-- ngram_backoffs: a context, its total and its backoff weight.
--
-- The weight is the probability mass that it passes to the context one character shorter: the sum of
-- all discounts and of all pruned counts, over the total. n1, n2 and n3 are the numbers of n-grams
-- with count 1, 2, and 3 or more. Contexts without a kept n-gram are omitted: the shorter context
-- replaces them.
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
