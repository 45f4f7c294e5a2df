-- names_are_clean: no name is empty, holds '.', a control character, or is anything but Unicode NFC.
--
-- A name of visible ASCII needs no closer look, and most have none but that.
select
    split,
    name
from split_names
where
    not regexp_full_match(name, '[!--/-~][ --/-~]*')
    and (
        name = ''
        or contains(name, '.')
        or regexp_matches(name, '\p{Cc}')
        or name <> nfc_normalize(name)
    )
