-- vocab_is_dense: ids have no gap: '.' is 0, the other characters follow in code-point order.
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
