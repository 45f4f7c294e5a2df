-- The n-grams of the model ngram: a state, the id of the next character and its probability.
select
    states.state,
    vocab.ix::bigint as next,
    probs.prob
from ngram_probs as probs
inner join ngram_states as states on probs.context = states.context
inner join vocab on probs.ch = vocab.ch
order by states.state, vocab.ix
