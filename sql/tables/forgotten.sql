-- forgotten: a list (uri, sha256) or a name (name_sha256) that is never ingested again.
create table if not exists forgotten (
    uri varchar,
    sha256 varchar,
    name_sha256 varchar,
    forgotten_at timestamp
);
