-- bigram_drift: a bigram whose share changed since the champion, with example names.
--
-- The fifty largest changes. Examples are the most frequent names of new lists, or of all lists if new
-- lists have none. Empty in the first version of a home.
with shares as (
    select
        ch1,
        ch2,
        count,
        count / sum(count) over () as share
    from bigram_counts
),

shares_before as (
    select
        ch1,
        ch2,
        count,
        count / sum(count) over () as share
    from champion_bigram_counts
),

moved as (
    select
        coalesce(shares.ch1, shares_before.ch1) as ch1,
        coalesce(shares.ch2, shares_before.ch2) as ch2,
        coalesce(shares_before.count, 0) as count_before,
        coalesce(shares.count, 0) as count,
        coalesce(shares_before.share, 0) as share_before,
        coalesce(shares.share, 0) as share
    from shares
    full join shares_before on shares.ch1 = shares_before.ch1 and shares.ch2 = shares_before.ch2
    where
        coalesce(shares.share, 0) <> coalesce(shares_before.share, 0)
        and (select count(*) from champion_bigram_counts) > 0
    order by abs(coalesce(shares.share, 0) - coalesce(shares_before.share, 0)) desc, ch1, ch2
    limit 50
),

new_names as (
    select
        names.name,
        sum(names.weight) as count
    from names
    inner join sources on names.source_id = sources.source_id
    where
        sources.sha256 not in (
            select version_sources.sha256 from version_sources
            where version_sources.is_champion
        )
    group by all
    order by count desc, names.name
    limit 20000
),

all_names as (
    select
        name,
        count
    from name_counts
    order by count desc, name
    limit 20000
),

candidates as (
    select
        *,
        true as is_new
    from new_names
    union all
    select
        *,
        false as is_new
    from all_names
),

examples as (
    select
        moved.ch1,
        moved.ch2,
        (list(candidates.name order by candidates.count desc, candidates.name) filter (where candidates.is_new))[:3]
            as new_examples,
        (list(candidates.name order by candidates.count desc, candidates.name) filter (where not candidates.is_new))[:3]
            as examples
    from moved
    inner join candidates on contains('.' || candidates.name || '.', moved.ch1 || moved.ch2)
    group by all
)

select
    moved.ch1,
    moved.ch2,
    moved.count_before,
    moved.count,
    moved.share_before,
    moved.share,
    moved.share - moved.share_before as change,
    coalesce(examples.new_examples, examples.examples, []) as examples
from moved
left join examples on moved.ch1 = examples.ch1 and moved.ch2 = examples.ch2
order by abs(moved.share - moved.share_before) desc, moved.ch1, moved.ch2
