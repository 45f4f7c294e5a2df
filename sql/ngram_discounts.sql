-- ngram_discounts: the discounts of counts 1, 2, and 3 or more, for each order.
--
-- n1 to n4 are the numbers of n-grams with count 1 to 4. Closed formula of Chen and Goodman (1999),
-- section 3: y = n1 / (n1 + 2 n2), dk = k - (k + 1) y n(k+1) / nk. If it is undefined or violates 0
-- < dk <= k, as on short lists and at order 1, the discounts are 0.5, 1, 1.5 and is_fallback is
-- true.
with counted as (
    select
        ngram_order,
        count(*) filter (where adjusted = 1) as n1,
        count(*) filter (where adjusted = 2) as n2,
        count(*) filter (where adjusted = 3) as n3,
        count(*) filter (where adjusted = 4) as n4
    from ngram_adjusted
    group by all
),

computed as (
    select
        *,
        n1 / (n1 + 2 * n2) as y,
        1 - 2 * y * n2 / n1 as d1,
        2 - 3 * y * n3 / n2 as d2,
        3 - 4 * y * n4 / n3 as d3
    from counted
),

judged as (
    select
        *,
        not coalesce(0 < d1 and d1 <= 1 and 0 < d2 and d2 <= 2 and 0 < d3 and d3 <= 3, false) as is_fallback
    from computed
)

select
    ngram_order,
    n1,
    n2,
    n3,
    n4,
    if(is_fallback, 0.5, d1) as d1,
    if(is_fallback, 1, d2) as d2,
    if(is_fallback, 1.5, d3) as d3,
    is_fallback
from judged
order by ngram_order
