-- ngrams_are_closed: a kept n-gram is also kept without its first character, and without its last one.
--
-- An n-gram without its last character is its context, which must be a kept n-gram too. The contexts '' and '.' are
-- exempt: '' has no characters, and '.' is the start of a name, which is not predicted.
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
