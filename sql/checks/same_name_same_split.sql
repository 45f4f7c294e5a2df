-- same_name_same_split: a name has one split, unless a list was ingested with --split.
--
-- Such a list may put a name of train into test: evaluation then reports seen and unseen names separately.
select
    name,
    count(*) as splits,
    bool_or(seen) as seen
from split_names
where
    split <> 'train'
    and not exists (
        from contents
        where contents.options ->> 'split' is not null
    )
group by all
having count(*) > 1 or bool_or(seen)
