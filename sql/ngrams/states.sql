-- The states of the model ngram: depth, state of the context without its first and without its last character, last
-- character and backoff.
select
    length(states.context) as depth,
    shorter.state as shorter,
    before.state as before,
    coalesce(vocab.ix, 0)::bigint as last,
    states.backoff
from ngram_states as states
inner join ngram_states as shorter on substring(states.context, 2) = shorter.context
inner join ngram_states as before on left(states.context, -1) = before.context
left join vocab on right(states.context, 1) = vocab.ch
order by states.state
