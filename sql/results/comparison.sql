-- comparison: a model of this version, best first: nll, difference from the best model, size and time.
--
-- A distinct name with all its lines is one observation. nll is a ratio of two sums over names, so
-- its standard error is that of a ratio estimate (Cochran, Sampling Techniques, 1977, section 6.3),
-- as in makemore/evaluation/loss.py. The best model has the lowest nll on dev, or on test if dev is
-- empty. Differences are from it, on the same test names: they are far more precise than the nlls. A
-- difference is not significant if 0 lies between difference_low and difference_high.
with nlls as (
    select
        model_type,
        split,
        sum(count * nats) / sum(count * characters) as nll
    from scores
    group by all
),

best as (
    select first(test.model_type order by coalesce(dev.nll, test.nll), test.model_type) as model_type
    from nlls as test
    left join nlls as dev on test.model_type = dev.model_type and dev.split = 'dev'
    where test.split = 'test'
),

best_scores as (
    select
        scores.name,
        scores.nats
    from scores
    inner join best on scores.model_type = best.model_type
    inner join nlls on scores.model_type = nlls.model_type and scores.split = nlls.split
    where scores.split = 'test' and isfinite(nlls.nll)
),

measures as (
    select
        model_type,
        split as measure,
        seen,
        count,
        characters,
        nats
    from scores
    union all
    select
        scores.model_type,
        'difference' as measure,
        scores.seen,
        scores.count,
        scores.characters,
        scores.nats - best_scores.nats as nats
    from scores
    inner join best_scores on scores.name = best_scores.name
    where scores.split = 'test'
),

totals as (
    select
        model_type,
        measure,
        count(*) as names,
        count(*) filter (where seen) as names_seen,
        sum(count * characters) as characters,
        sum(count * nats) / sum(count * characters) as mean,
        sum(count * nats) / sum(count) / ln(2) as bits_per_name,
        sum(count * nats) filter (where seen) / sum(count * characters) filter (where seen) as nll_seen,
        sum(count * nats) filter (where not seen) / sum(count * characters) filter (where not seen) as nll_unseen
    from measures
    group by all
),

errors as (
    select
        totals.model_type,
        totals.measure,
        sum((measures.count * (measures.nats - totals.mean * measures.characters)) ** 2) as squares
    from measures
    inner join totals on measures.model_type = totals.model_type and measures.measure = totals.measure
    where isfinite(totals.mean)
    group by all
),

figures as (
    select
        totals.*,
        coalesce(
            sqrt(errors.squares * totals.names / nullif(totals.names - 1, 0)) / totals.characters, 'infinity'::double
        ) as se
    from totals
    left join errors on totals.model_type = errors.model_type and totals.measure = errors.measure
)

select
    models.model_type,
    models.nll_train,
    dev.mean as nll_dev,
    dev.se as nll_dev_se,
    test.mean as nll_test,
    test.se as nll_test_se,
    test.bits_per_name,
    test.nll_seen as nll_test_seen,
    test.nll_unseen as nll_test_unseen,
    test.names as names_test,
    test.names_seen as names_test_seen,
    differences.mean as difference,
    differences.se as difference_se,
    case when isfinite(differences.mean) then differences.mean - 1.96 * differences.se else differences.mean end
        as difference_low,
    differences.mean + 1.96 * differences.se as difference_high,
    models.parameters,
    models.train_seconds,
    models.names_per_second
from models
left join figures as dev on models.model_type = dev.model_type and dev.measure = 'dev'
left join figures as test on models.model_type = test.model_type and test.measure = 'test'
left join figures as differences on models.model_type = differences.model_type and differences.measure = 'difference'
order by coalesce(dev.mean, test.mean, models.nll_train), models.model_type
