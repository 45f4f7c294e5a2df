-- ngram_adjusted: how often an n-gram counts for the model, and whether it is kept.
--
-- The continuation count of Kneser and Ney: not how often ch follows the context, but after how many
-- different characters the two of them are found, '.' included. Nothing stands to the left of a longest
-- context or of one that touches the start of the name: there the count itself speaks, of distinct
-- names (types). A name on two lines says nothing new of how names are made; docs/decisions/0006-kneser-ney.md.
-- Dropped are n-grams of order 3 and more with fewer types than min_count; they still count for the others.
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
