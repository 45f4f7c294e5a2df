-- quarantined_lists: a list that failed the checks of its home, and whether it was released.
create table if not exists quarantined_lists (
    uri varchar,
    sha256 varchar,
    options json,
    reason varchar,
    quarantined_at timestamp,
    is_released boolean
);
