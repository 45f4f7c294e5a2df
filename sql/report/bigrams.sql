-- bigrams: the most frequent bigrams.
select
    ch1,
    ch2,
    count,
    prob
from bigram_probs
where count > 0
order by count desc, ix1, ix2
limit 12
