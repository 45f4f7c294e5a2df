-- matrix: the bigram counts of the most frequent characters, cell by cell, with a shade from 0 to 1.
--
-- It is the picture of N in the lecture. More than 40 rows and columns do not fit on the page.
with common as (
    select ix
    from vocab
    order by ix <> 0, count desc
    limit 40
)

select
    bigram_probs.ix1,
    bigram_probs.ch1,
    bigram_probs.ch2,
    bigram_probs.count,
    sqrt(bigram_probs.prob) as shade
from bigram_probs
inner join common as common1 on bigram_probs.ix1 = common1.ix
inner join common as common2 on bigram_probs.ix2 = common2.ix
order by bigram_probs.ix1, bigram_probs.ix2
