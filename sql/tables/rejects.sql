-- rejects: a rejected row of a content: its text and the reject reason.
create table if not exists rejects (
    content_id integer,
    row bigint,
    raw varchar,
    reason varchar
);
