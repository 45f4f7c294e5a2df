-- content_names: a valid row of a content, with its bucket and split.
--
-- Nothing is deduplicated: a name on two lines is two examples, as in the lecture. The bucket is a
-- hash of the name, so that both lines of a repeated name have the same split and no name changes
-- its split when another list arrives. In Python: int(hashlib.md5(name.encode()).hexdigest()[:8], 16) % 100.
-- A list that was read with --split has that split.
with hashed as (
    select
        content_id,
        row,
        name,
        weight,
        length(name)::integer as length,
        (('0x' || left(md5(name), 8))::bigint % 100)::utinyint as bucket
    from entries
)

select
    hashed.content_id,
    hashed.row,
    hashed.name,
    hashed.weight,
    hashed.length,
    hashed.bucket,
    case
        when contents.options ->> 'split' is not null then contents.options ->> 'split'
        when hashed.bucket >= 100 - settings.holdout then 'test'
        when hashed.bucket >= 100 - 2 * settings.holdout then 'dev'
        else 'train'
    end as split
from hashed
inner join contents on hashed.content_id = contents.content_id
cross join settings
