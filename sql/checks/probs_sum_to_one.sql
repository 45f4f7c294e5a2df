-- probs_sum_to_one: after each character the probabilities of the next one sum to one.
select
    ch1,
    sum(prob) as total
from bigram_probs
group by all
having not coalesce(abs(sum(prob) - 1) < 1e-9, false)
