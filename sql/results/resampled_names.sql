-- resampled_names: a name drawn at random from train, with probability proportional to its weight.
--
-- The samples of a model that only copies: as many rows as each model has samples. The random number
-- of a row is the first 13 digits of the md5 of a text with its number, divided by 2 ** 52: the same
-- names on each machine.
with train as (
    select
        name,
        sum(count) over (order by name rows unbounded preceding) - count as first_place
    from split_names
    where split = 'train'
),

totals as (
    select sum(count) as places
    from split_names
    where split = 'train'
),

numbers as (
    select distinct row
    from samples
),

points as (
    select
        numbers.row,
        floor(('0x' || left(md5('resampled ' || numbers.row), 13))::bigint / 2 ** 52 * totals.places) as place
    from numbers
    cross join totals
)

select
    points.row,
    train.name
from points
asof inner join train on points.place >= train.first_place
order by points.row
