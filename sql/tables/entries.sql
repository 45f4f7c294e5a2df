-- entries: a valid row of a content: the name and its weight.
create table if not exists entries (
    content_id integer,
    row bigint,
    name varchar,
    weight bigint
);
