-- ngram_counts: how often character ch follows a context in the split train.
--
-- A context is the text before ch, at most order - 1 characters. It begins with '.' if it reaches
-- the start of the name; '' is the empty context. count includes weights; types counts occurrences
-- in distinct names.
select
    context,
    ch,
    sum(count)::bigint as count,
    sum(types)::bigint as types
from ngram_parts
group by all
having sum(count) <> 0 or sum(types) <> 0
