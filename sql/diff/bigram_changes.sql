-- bigram_changes: the bigrams whose share changed the most between two versions, with the names that explain it.
--
-- Inputs are the bigram counts and the name counts of both versions. `names` holds at most three names that contain
-- the bigram and whose share changed in the same direction, the largest change first.
with shares_before as (
    select
        ch1,
        ch2,
        count / sum(count) over () as share
    from counts_before
    where count > 0
),

shares_after as (
    select
        ch1,
        ch2,
        count / sum(count) over () as share
    from counts_after
    where count > 0
),

changes as (
    select
        coalesce(shares_before.ch1, shares_after.ch1) as ch1,
        coalesce(shares_before.ch2, shares_after.ch2) as ch2,
        coalesce(shares_before.share, 0) as before,
        coalesce(shares_after.share, 0) as after
    from shares_before
    full join shares_after on shares_before.ch1 = shares_after.ch1 and shares_before.ch2 = shares_after.ch2
),

largest as (
    select *
    from changes
    where before <> after
    order by abs(after - before) desc, ch1, ch2
    limit 10
),

name_shares_before as (
    select
        name,
        count / sum(count) over () as share
    from names_before
),

name_shares_after as (
    select
        name,
        count / sum(count) over () as share
    from names_after
),

name_changes as (
    select
        coalesce(name_shares_before.name, name_shares_after.name) as name,
        coalesce(name_shares_after.share, 0) - coalesce(name_shares_before.share, 0) as change
    from name_shares_before
    full join name_shares_after on name_shares_before.name = name_shares_after.name
),

examples as (
    select
        largest.ch1,
        largest.ch2,
        list(name_changes.name order by abs(name_changes.change) desc, name_changes.name)[:3] as names
    from largest
    inner join name_changes
        on
            contains('.' || name_changes.name || '.', largest.ch1 || largest.ch2)
            and (largest.after - largest.before) * name_changes.change > 0
    group by all
)

select
    largest.*,
    coalesce(examples.names, []) as names
from largest
left join examples on largest.ch1 = examples.ch1 and largest.ch2 = examples.ch2
order by abs(largest.after - largest.before) desc, largest.ch1, largest.ch2
