-- same_name_same_split: a name is in one split, unless a list that was read with --split says otherwise.
--
-- Such a list may put a name that is trained on into test: evaluation then tells names that were seen from those
-- that were not.
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
