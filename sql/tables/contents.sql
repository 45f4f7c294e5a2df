-- contents: the distinct bytes of lists, read with the same options, and what they contain.
--
-- Lists with the same bytes and options share one content, so a copy of a list counts once.
-- source_id is the list that brought the content first; its names are shown as names of that list.
create sequence if not exists content_ids;
create table if not exists contents (
    content_id integer,
    source_id integer,
    sha256 varchar,
    bytes bigint,
    options json,
    names bigint,
    rejects bigint,
    scripts varchar[]
);
