-- uncounted_removals: an entry that was removed but that the tables of sql/counts/ still include.
create table if not exists uncounted_removals (
    content_id integer,
    row bigint,
    name varchar,
    weight bigint,
    options json
);
