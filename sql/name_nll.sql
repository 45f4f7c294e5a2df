-- name_nll: the nll of a distinct name under bigram_probs.
--
-- nll is the mean over its length + 1 characters, in nats per character; bits is the sum, in bits per
-- name.
with words as (
    select
        name,
        length,
        '.' || name || '.' as word
    from name_counts
),

places as (
    select
        name,
        word,
        unnest(range(1, length + 2)) as i
    from words
),

costs as (
    select
        ch1 || ch2 as gram,
        -ln(prob) as cost
    from bigram_probs
    where count > 0
),

totals as (
    select
        places.name,
        sum(costs.cost) as nats,
        count(*) as characters
    from places
    inner join costs on substring(places.word, places.i, 2) = costs.gram
    group by all
)

select
    name_counts.name,
    name_counts.count,
    totals.nats / totals.characters as nll,
    totals.nats / ln(2) as bits
from name_counts
inner join totals on name_counts.name = totals.name
order by nll, name_counts.name
