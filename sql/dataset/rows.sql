-- rows: a distinct bigram of a split as ids of vocab, with its count: the rows of dataset.safetensors.
--
-- They are the sufficient statistics of a model with one character of context. The order makes the
-- bytes of the file the same in each run.
select
    counts.split,
    first.ix as context,
    second.ix as next,
    counts.count
from split_bigram_counts as counts
inner join vocab as first on counts.ch1 = first.ch
inner join vocab as second on counts.ch2 = second.ch
order by counts.split, context, next
