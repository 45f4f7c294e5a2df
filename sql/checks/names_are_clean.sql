-- names_are_clean: names are not empty, are in Unicode NFC and contain neither '.' nor a control character.
--
-- Most names are visible ASCII without '.': the first condition skips them quickly.
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
