-- names: a line of a list that can be used, one row each.
--
-- Nothing is deduplicated: a name that stands on two lines is two examples, as in the lecture.
-- The split is a hash of the name itself, so that both lines of a repeated name land on the same
-- side and no name changes side when tomorrow's list arrives. The bucket in Python:
-- int(hashlib.md5(name.encode()).hexdigest()[:8], 16) % 100. A list that was read with --split
-- says itself where its names are.
with hashed as (
    select
        source_id,
        row,
        name,
        weight,
        length(name)::integer as length,
        (('0x' || left(md5(name), 8))::bigint % 100)::utinyint as bucket
    from entries
)

select
    hashed.source_id,
    hashed.row,
    hashed.name,
    hashed.weight,
    hashed.length,
    hashed.bucket,
    case
        when sources.options ->> 'split' is not null then sources.options ->> 'split'
        when hashed.bucket >= 100 - settings.holdout then 'test'
        when hashed.bucket >= 100 - 2 * settings.holdout then 'dev'
        else 'train'
    end as split
from hashed
inner join sources on hashed.source_id = sources.source_id
cross join settings
