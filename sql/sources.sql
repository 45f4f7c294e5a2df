-- sources: a list that was ingested, one row per URI: its content, its options and its size.
--
-- Lists with the same content are counted once: the first one has its names, the others have 0 names and 0 rejects.
select
    lists.source_id,
    lists.uri,
    contents.sha256,
    contents.bytes,
    contents.options,
    lists.ingested_at,
    if(lists.source_id = contents.source_id, contents.names, 0) as names,
    if(lists.source_id = contents.source_id, contents.rejects, 0) as rejects,
    if(lists.source_id = contents.source_id, contents.scripts, []) as scripts,
    lists.content_id
from lists
inner join contents on lists.content_id = contents.content_id
order by lists.source_id
