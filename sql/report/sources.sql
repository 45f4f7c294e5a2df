-- sources: the lists of the version.
select
    uri,
    lines,
    names,
    mean_length,
    rejects
from source_sizes
order by source_id
