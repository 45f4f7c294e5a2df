-- The states of the model ngram, one row per context in the order of their ids.
--
-- depth: length of the context
-- shorter: state of the context without its first character
-- before: state of the context without its last character
-- last: id of its last character; 0 if it is empty
-- backoff: its backoff weight
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
