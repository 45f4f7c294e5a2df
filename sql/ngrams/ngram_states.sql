-- ngram_states: a context of ngram_backoffs and its id as a state of the model ngram; '.' is state 0.
--
-- Without a name in train there are no contexts, but '.' and '' always need a state.
with required as (
    select unnest(['.', '']) as context
),

contexts as (
    select
        context,
        backoff
    from ngram_backoffs
    union all
    select
        required.context,
        1 as backoff
    from required
    where required.context not in (select ngram_backoffs.context from ngram_backoffs)
)

select
    context,
    backoff,
    row_number() over (order by context <> '.', length(context), context) - 1 as state
from contexts
