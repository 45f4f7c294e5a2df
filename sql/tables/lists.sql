-- lists: a list that was ingested, one row per URI, and the content that it had then.
create sequence if not exists source_ids;
create table if not exists lists (
    source_id integer,
    uri varchar,
    content_id integer,
    ingested_at timestamp
);
