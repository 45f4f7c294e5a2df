-- names_are_clean: no name is empty, holds '.', a control character, or is anything but Unicode NFC.
select
    source_id,
    row,
    name
from names
where
    name = ''
    or contains(name, '.')
    or regexp_matches(name, '\p{Cc}')
    or name <> nfc_normalize(name)
