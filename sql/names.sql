-- names: a valid row of a list, with its bucket and split.
--
-- Lists with the same content count once, as the list that brought it first: see contents.
select
    contents.source_id,
    content_names.row,
    content_names.name,
    content_names.weight,
    content_names.length,
    content_names.bucket,
    content_names.split
from content_names
inner join contents on content_names.content_id = contents.content_id
