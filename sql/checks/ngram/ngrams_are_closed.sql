-- ngrams_are_closed: a kept n-gram is also kept without its first character, and without its last one.
--
-- Without its last character it is the context itself; '.' is exempt, since no character precedes it.
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
