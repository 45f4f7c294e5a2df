-- score_name(name): a character of a name, end included, with its probability under the model `ngram`.
--
-- context is the longest context with this character in train, null if there is none. prob is its
-- probability there, times the backoff weights of the longer contexts. avg(nats) is the nll of the
-- name.
with words as (
    select
        name as word,
        '.' || name || '.' as marked
),

places as (
    select
        word,
        marked,
        unnest(range(1, length(marked))) as place
    from words
),

characters as (
    select
        places.word,
        places.place,
        substring(places.marked, places.place + 1, 1) as ch,
        left(places.marked, places.place) as past
    from places
),

contexts as (
    select
        characters.place,
        characters.ch,
        right(characters.past, unnest(range(0, least(characters.place, settings.ngram_order - 1) + 1))) as context
    from characters
    cross join settings
),

seen as (
    select
        contexts.place,
        arg_max(probs.context, length(probs.context)) as context,
        arg_max(probs.prob, length(probs.context)) as prob
    from contexts
    inner join ngram_probs as probs on contexts.context = probs.context and contexts.ch = probs.ch
    group by all
),

passed as (
    select
        contexts.place,
        product(backoffs.backoff) as backoff
    from contexts
    inner join ngram_backoffs as backoffs on contexts.context = backoffs.context
    left join seen on contexts.place = seen.place
    where length(contexts.context) > coalesce(length(seen.context), -1)
    group by all
),

alphabet as (
    select
        list(ch) as chars,
        count(*) as vocab_size
    from vocab
),

scored as (
    select
        characters.place,
        characters.ch,
        seen.context,
        case
            when characters.ch = '.' and characters.place <= length(characters.word)
                then error(
                    '''' || characters.word
                    || ''' holds ''.'', which marks the start and the end of a name.'
                )
            when not list_contains(alphabet.chars, characters.ch)
                then error(
                    '''' || characters.word || ''' has ''' || characters.ch || ''', which is not among the '
                    || alphabet.vocab_size || ' characters of this vocab. '
                    || 'Ingest a list that contains it, then train.'
                )
            else coalesce(seen.prob, 1 / alphabet.vocab_size) * coalesce(passed.backoff, 1)
        end::double as prob
    from characters
    cross join alphabet
    left join seen on characters.place = seen.place
    left join passed on characters.place = passed.place
)

select
    place,
    ch,
    context,
    prob,
    -ln(prob) as nats
from scored
order by place
