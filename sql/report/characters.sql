-- characters: the characters of the vocab.
select
    ix,
    ch
from vocab
order by ix
