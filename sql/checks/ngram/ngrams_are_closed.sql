-- ngrams_are_closed: an n-gram is kept only with the shorter ones, without its first and without its last character.
--
-- The second is an n-gram of the context itself, but for '.', which no character can stand before.
select
    grams.context,
    grams.ch
from ngram_probs as grams
anti join ngram_probs as shorter on substring(grams.context, 2) = shorter.context and grams.ch = shorter.ch
union all
select
    grams.context,
    grams.ch
from ngram_probs as grams
anti join ngram_probs as before on grams.context = before.context || before.ch
where grams.context not in ('', '.')
