-- source_bigram_counts: how often character ch2 follows ch1 in a list and split, one row per pair that occurs.
select
    contents.source_id,
    counts.split,
    counts.ch1,
    counts.ch2,
    counts.count
from content_bigram_counts as counts
inner join contents on counts.content_id = contents.content_id
