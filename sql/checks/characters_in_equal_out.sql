-- characters_in_equal_out: each character, '.' included, is as often the first of a bigram as the second.
with entered as (
    select
        ch2 as ch,
        sum(count) as count
    from bigram_counts
    group by all
),

left_again as (
    select
        ch1 as ch,
        sum(count) as count
    from bigram_counts
    group by all
)

select
    entered.ch,
    entered.count as follows,
    left_again.count as is_followed
from entered
left join left_again on entered.ch = left_again.ch
where entered.count is distinct from left_again.count
