-- vocab_is_dense: ids run from 0 without a gap, '.' is 0, the others are in code-point order.
with numbered as (
    select
        ix,
        ch,
        row_number() over (order by ch <> '.', unicode(ch)) - 1 as expected
    from vocab
)

select *
from numbered
where ix <> expected or (ch = '.') <> (ix = 0)
