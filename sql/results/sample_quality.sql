-- sample_quality: the samples of a model compared with train, and resampled train as the baseline.
--
-- unique_rate: share of distinct names. copy_rate: share of samples that train contains.
-- held_out_hits: distinct samples in dev or test, but not in train. length_tv: total variation
-- distance of the lengths, half the sum of all differences of shares. trigram_jsd: Jensen-Shannon
-- divergence (Lin 1991) of the trigrams of '.name.', in nats, at most ln 2. Values that never occur in
-- the samples enter only through their total share. 'train, resampled' has the distances that chance
-- alone gives at this sample size.
with drawn as (
    select
        model_type,
        name
    from samples
    union all
    select
        'train, resampled' as model_type,
        name
    from resampled_names
),

train as (
    select
        name,
        length,
        count
    from split_names
    where split = 'train'
),

held_out as (
    select distinct name
    from split_names
    where not seen
),

kinds as (
    select
        drawn.model_type,
        count(*) as n,
        count(distinct drawn.name) / count(*) as unique_rate,
        count(train.name) / count(*) as copy_rate,
        count(distinct held_out.name) as held_out_hits
    from drawn
    left join train on drawn.name = train.name
    left join held_out on drawn.name = held_out.name
    group by all
),

drawn_lengths as (
    select
        model_type,
        length(name) as length,
        count(*) / sum(count(*)) over (partition by model_type) as share
    from drawn
    group by model_type, length(name)
),

train_lengths as (
    select
        length,
        sum(count) / sum(sum(count)) over () as share
    from train
    group by all
),

lengths as (
    select
        drawn_lengths.model_type,
        sum(greatest(drawn_lengths.share - coalesce(train_lengths.share, 0), 0)) as length_tv
    from drawn_lengths
    left join train_lengths on drawn_lengths.length = train_lengths.length
    group by all
),

drawn_words as (
    select
        model_type,
        '.' || name || '.' as word,
        unnest(range(1, length(name) + 1)) as i
    from drawn
),

drawn_trigrams as (
    select
        model_type,
        substring(word, i, 3) as trigram,
        count(*) / sum(count(*)) over (partition by model_type) as p
    from drawn_words
    group by model_type, substring(word, i, 3)
),

train_words as (
    select
        count,
        '.' || name || '.' as word,
        unnest(range(1, length + 1)) as i
    from train
),

train_trigrams as (
    select
        substring(word, i, 3) as trigram,
        sum(count) / sum(sum(count)) over () as q
    from train_words
    group by all
),

shares as (
    select
        drawn_trigrams.model_type,
        drawn_trigrams.p,
        coalesce(train_trigrams.q, 0) as q
    from drawn_trigrams
    left join train_trigrams on drawn_trigrams.trigram = train_trigrams.trigram
),

trigrams as (
    select
        model_type,
        (
            sum(p * ln(2 * p / (p + q)))
            + coalesce(sum(q * ln(2 * q / (p + q))) filter (where q > 0), 0)
            + (1 - sum(q)) * ln(2)
        ) / 2 as trigram_jsd
    from shares
    group by all
)

select
    kinds.*,
    lengths.length_tv,
    trigrams.trigram_jsd
from kinds
inner join lengths on kinds.model_type = lengths.model_type
inner join trigrams on kinds.model_type = trigrams.model_type
order by kinds.model_type = 'train, resampled', kinds.model_type
