-- ngram_adjusted: the adjusted count of an n-gram, and whether min_count keeps it.
--
-- The continuation count of Kneser and Ney: the number of distinct characters before the n-gram,
-- '.' included. For the longest contexts the preceding character is not counted, and at the start of
-- a name there is none: both use types; docs/decisions/0006-kneser-ney.md. N-grams of order 3 and
-- more with fewer types than min_count are pruned; they still count in totals and discounts.
with continuations as (
    select
        substring(context, 2) as context,
        ch,
        count(*) as continuations
    from ngram_counts
    where context <> ''
    group by all
)

select
    ngram_counts.context,
    ngram_counts.ch,
    length(ngram_counts.context) + 1 as ngram_order,
    coalesce(continuations.continuations, ngram_counts.types) as adjusted,
    length(ngram_counts.context) < 2 or ngram_counts.types >= settings.ngram_min_count as is_kept
from ngram_counts
cross join settings
left join continuations
    on ngram_counts.context = continuations.context and ngram_counts.ch = continuations.ch
