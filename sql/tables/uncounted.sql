-- uncounted: a content that the tables of sql/counts/ do not include yet.
create table if not exists uncounted (content_id integer);
