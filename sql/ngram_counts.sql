-- ngram_counts: how often character ch follows a context, the characters before it, in the split train.
--
-- A context has up to order - 1 characters; '.' may be its first, where it reaches back to the start of
-- the name, and '' is the context of no character. count is of all lines, weights included; types is of
-- distinct names, each of them once.
select
    context,
    ch,
    sum(count)::bigint as count,
    sum(types)::bigint as types
from ngram_parts
group by all
having sum(count) <> 0 or sum(types) <> 0
