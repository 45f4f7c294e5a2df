-- counts_are_a_matrix: bigram_counts has one row for each pair of the vocab and no negative count.
with pairs as (
    select
        count(*) as rows,
        count(*) filter (where count < 0) as below_zero
    from bigram_counts
),

characters as (
    select count(*) as characters
    from vocab
)

select
    pairs.rows,
    pairs.below_zero,
    characters.characters
from pairs
cross join characters
where pairs.rows <> characters.characters * characters.characters or pairs.below_zero > 0
