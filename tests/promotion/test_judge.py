"""Which version serves: judged beside the champion on real homes, recorded once, finished by the next run."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

import makemore
from makemore.database import query
from makemore.errors import CorruptVersion
from makemore.evaluation import scores
from makemore.evaluation.loss import estimate
from makemore.files.atomic import write_json
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline.build import build_relations
from makemore.promotion import decide, judge
from makemore.versions import registry, store, weights
from makemore.versions.version import Version
from tests.conftest import ENGLISH

NAMES = ENGLISH.read_text().splitlines()[::4]
BIGRAM = TrainOptions(("bigram",), samples=1000)
SEEDS = count(1)
WORSE = TrainOptions(("bigram",), samples=1000, set=("bigram.smoothing=50",))


def ingest(home, names, name="names.txt", split=None):
    path = home.parent / name
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    intake.ingest(home, str(path), IngestOptions(split=split))


def run(home, train=BIGRAM, build=BuildOptions()):
    """The name of the version of what was ingested, with a seed of its own: two of one second are not of one name."""
    with locked_home(home, "the test"):
        build_relations(home, build)
        return publish.make_version(home, replace(train, seed=next(SEEDS))).name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a version that serves, and a later one that is worse. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    home.mkdir()
    ingest(home, NAMES)
    run(home)
    run(home, WORSE)
    return home


@pytest.fixture
def home(made, tmp_path):
    """The same home, to write to."""
    shutil.copytree(made.parent, tmp_path / "made")
    return tmp_path / "made" / "home"


def last(home):
    return registry.read(Home(home)).promotions[-1]


def test_the_first_version_serves(made):
    """Nothing served before, and it says so; its decision lies in it, as in the registry."""
    first = store.version_names(Home(made))[0]
    promotion = registry.read(Home(made)).promotions[0]

    assert (promotion.version, promotion.decision, promotion.against) == (first, "promoted", None)
    assert promotion.reasons[0] == "nothing served before"
    assert Version(Home(made).versions / first).read_promotion() == promotion
    assert registry.read(Home(made)).champion == registry.Serving(first, "bigram", promotion.at)


def test_a_worse_version_is_published_and_does_not_serve(made, ok):
    """The champion stays: for commands, programs and whoever asks; the worse one is there by its name."""
    first, second = store.version_names(Home(made))
    promotion = last(made)

    assert (promotion.version, promotion.decision, promotion.against) == (second, "refused", first)
    assert "worse than chance explains" in promotion.reasons[0]
    assert promotion.difference_low > 0
    assert store.find_version(Home(made)).name == first
    assert makemore.load(made).version.name == first
    names = ok("sample", "-n", "5", "--seed", "1", "--home", made)
    assert names == ok("sample", "-n", "5", "--seed", "1", "--home", made, "--version", first)
    assert names != ok("sample", "-n", "5", "--seed", "1", "--home", made, "--version", second)
    assert json.loads(ok("query", "select version from metrics", "--format", "json", "--home", made)) == [
        {"version": first}, {"version": first}, {"version": first},
    ]  # fmt: skip


def test_the_difference_is_that_of_the_same_names_under_both(made):
    """Beside the two versions' own scores of the same test names, and the error of a ratio estimate."""
    first, second = (Home(made).versions / version for version in store.version_names(Home(made)))
    mine, others = (
        Version(version).read_scores("bigram").filter(split="test").sort("name") for version in (second, first)
    )

    promotion = last(made)

    assert mine["name"].equals(others["name"])
    expected = estimate(
        (mine["nats"] - others["nats"]).to_numpy(),
        mine["characters"].to_numpy().astype(np.float64),
        mine["count"].to_numpy().astype(np.float64),
    )
    assert promotion.difference == pytest.approx(expected.nll)
    assert promotion.difference_low == pytest.approx(expected.nll - 1.96 * expected.se, abs=0.3 * expected.se)
    assert promotion.difference_high == pytest.approx(expected.nll + 1.96 * expected.se, abs=0.3 * expected.se)


def test_a_version_tells_its_decision_to_analysts_and_on_its_page(made):
    """`promotions` has all decisions up to its own, report.html and README.md have its own with the reasons."""
    first, second = (Home(made).versions / version for version in store.version_names(Home(made)))
    promotion = last(made)

    told = query(second / "stats.duckdb", "select version, decision, difference, reasons from promotions order by all")
    assert told.rows() == [
        (first.name, "promoted", None, "; ".join(registry.read(Home(made)).promotions[0].reasons)),
        (second.name, "refused", promotion.difference, "; ".join(promotion.reasons)),
    ]
    assert len(query(first / "stats.duckdb", "from promotions")) == 1
    page, card = (second / "report.html").read_text(), (second / "README.md").read_text()
    assert "Refused (model: " in page
    assert "**Refused** (model: " in card
    assert f"champion stays `{first.name}`" in card
    assert f"{promotion.difference:+.4f}" in page
    assert all(reason.replace("'", "&#39;") in page and reason in card for reason in promotion.reasons)
    assert "Promoted to champion (model: bigram)" in (first / "report.html").read_text()


def test_as_good_a_version_serves(home):
    """The same again differs by nothing: it serves, and the one before is the previous champion."""
    first = store.version_names(Home(home))[0]

    third = run(home)

    assert (last(home).decision, last(home).difference) == ("promoted", 0)
    known = registry.read(Home(home))
    assert (known.champion.version, known.previous.version) == (third, first)


def test_a_version_that_learned_garbage_is_refused(home):
    """Jumbled names as many as the real ones in train: on the real test names it is worse."""
    rng = np.random.default_rng(1)
    ingest(home, ["".join(rng.choice(list("etaoinqxz"), 9)) for _ in NAMES], "garbage.txt", split="train")

    run(home)

    assert last(home).decision == "refused"
    assert "worse than chance explains" in last(home).reasons[0]


def test_where_nothing_is_held_out_nothing_is_compared(home):
    """But for the samples; the version serves."""
    run(home, build=BuildOptions(holdout=0))

    assert (last(home).decision, last(home).difference) == ("promoted", None)
    assert last(home).reasons[0].endswith("there is no held-out name to ask both about")
    assert last(home).reasons[1].startswith("copy rate of the samples is ")


def test_dev_is_asked_where_test_is_empty(tmp_path):
    """Lists whose splits are declared may have no test: the names of dev tell the difference."""
    home = tmp_path / "home"
    home.mkdir()
    ingest(home, NAMES[:300], "train.txt", split="train")
    ingest(home, NAMES[300:340], "dev.txt", split="dev")
    run(home)

    run(home, WORSE)

    assert last(home).reasons[0].endswith("on 40 held-out names: worse than chance explains, and by more than 0.015")


def test_names_that_the_champion_was_trained_on_are_counted(home):
    """And left out: as SQL counts them on the two snapshots, of which one holds out 30 % and the champion 10 %."""
    first = store.find_version(Home(home)).path
    other = Home(home).versions / run(home, build=BuildOptions(holdout=30))
    select = "select name from split_names where split = '{}'"
    train = set(query(first / "stats.duckdb", select.format("train"))["name"])
    test = set(query(other / "stats.duckdb", select.format("test"))["name"])

    seen = len(test & train)

    assert seen > 0
    assert f"{seen} of {len(test)} held-out names are in the champion's train: left out" in last(home).reasons
    assert any(f"on {len(test) - seen} held-out names" in reason for reason in last(home).reasons)


def test_names_with_strange_characters_are_left_out_and_counted(home):
    """The champion cannot spell them; on the others it is asked."""
    ingest(home, ["zoë", "chloë", "noël"], "more.txt", split="test")

    run(home)

    assert any(reason.startswith("3 of ") and "does not know: left out" in reason for reason in last(home).reasons)
    assert "(" in last(home).reasons[0]


def test_names_that_the_version_itself_was_trained_on_are_left_out(home):
    """A list with --split may hold out names that train has: they would flatter the new version."""
    train = query(store.find_version(Home(home)).stats, "select name from names where split = 'train'")
    ingest(home, [*train["name"].head(50), "aba"], "leak.txt", split="test")
    version = Home(home).versions / run(home)

    unseen = query(version / "stats.duckdb", "select count(*) as n from scores where split = 'test' and not seen")[
        "n"
    ].item()

    assert f"on {unseen} held-out names" in last(home).reasons[0]


def damage(home, version):
    path = Home(home).versions / version / "counts.parquet"
    path.chmod(0o644)
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("reject_reason", "told"),
    [
        (damage, "is damaged: counts.parquet: checksum mismatch"),
        (lambda home, version: shutil.rmtree(Home(home).versions / version), "is not there any more"),
        (
            lambda home, version: registry.mark_forgotten(Home(home), {version: "emma"}),
            "was made of what is to be forgotten",
        ),
    ],
    ids=["damaged", "missing", "forgotten"],
)
def test_a_champion_that_must_not_go_on_gives_way(home, reject_reason, told):
    """Even to a version that is worse: the reason says so."""
    champion = store.find_version(Home(home)).name
    reject_reason(home, champion)

    third = run(home, WORSE)

    assert last(home).decision == "promoted"
    assert last(home).reasons[0].startswith(f"the champion {champion} {told}")
    assert store.find_version(Home(home)).name == third
    assert (registry.read(Home(home)).previous is None) == (told.endswith("forgotten"))


@pytest.fixture
def draft(published, tmp_path):
    """A draft like the published version of three models, in a home of its own in which that version serves."""
    shutil.copytree(published, tmp_path / "home")
    version = store.find_version(Home(tmp_path / "home")).path
    target = Home(tmp_path / "home").staging / "20991122-020000-3f2a9c"
    shutil.copytree(version, target)
    return target


def with_dev(draft, model_type, nll):
    metrics = Version(draft).read_metrics(model_type)
    Version(draft).write_metrics(model_type, metrics | {"nll": metrics["nll"] | {"dev": nll}})


def test_a_best_model_that_is_worse_than_the_versions_own_ngrams_is_refused(draft):
    """Chosen on dev by luck, it is held to the same names of test as they are; the rule is the champion's."""
    with_dev(draft, "bigram", 0.1)

    promotion = judge.judge(draft.parent.parent, draft)

    assert (promotion.model_type, promotion.decision) == ("bigram", "refused")
    comparison = query(draft / "stats.duckdb", "select difference from comparison where model_type = 'bigram'").item()
    [reason] = [reason for reason in promotion.reasons if "its own ngram" in reason]
    assert reason.startswith(f"nll is {comparison:+.4f} (")
    assert "beside that of its own ngram on 693 held-out names: worse than chance explains, and by more" in reason


def test_a_version_without_ngrams_says_that_it_has_none(made):
    """There is nothing to hold it to; that is no reason against it."""
    assert "the version has no ngram to compare bigram with" in registry.read(Home(made)).promotions[0].reasons


def test_ngrams_need_no_comparison_with_themselves(draft):
    """The same version again: nothing differs, and nothing is said of a baseline."""
    promotion = judge.judge(draft.parent.parent, draft)

    assert (promotion.decision, promotion.difference) == ("promoted", 0)
    assert len(promotion.reasons) == 3


def test_a_version_without_a_model_that_failed_may_serve(draft):
    """The reason says what it lacks."""
    store.leave_out(Version(draft), "bigram_net", "the loss is nan.")

    promotion = judge.judge(draft.parent.parent, draft)

    assert promotion.decision == "promoted"
    assert "without bigram_net, which failed" in promotion.reasons


def test_a_run_that_ended_before_it_recorded_is_finished_by_the_next(home):
    """Published but not serving: the next run records the decision that lies in the version, and judges beside it."""
    before = (home / "registry.json").read_bytes()
    third = run(home)
    (home / "registry.json").write_bytes(before)
    assert store.find_version(Home(home)).name == store.version_names(Home(home))[0]

    fourth = run(home)

    known = registry.read(Home(home))
    assert [promotion.version for promotion in known.promotions[-2:]] == [third, fourth]
    assert known.promotions[-1].against == third
    assert decide.finish(Home(home)) == []


def test_a_damaged_decision_that_was_never_recorded_stops_no_run(home):
    """It says nothing: the champion serves on, and the next version is judged beside it."""
    first = store.find_version(Home(home)).name
    before = (home / "registry.json").read_bytes()
    third = run(home)
    (home / "registry.json").write_bytes(before)
    decision = Version(home / "versions" / third).promotion
    decision.chmod(0o644)
    decision.write_text("{")

    assert decide.finish(Home(home)) == []
    assert store.find_version(Home(home)).name == first
    run(home)
    assert last(home).against == first


KILLED = """
import os, sys
from pathlib import Path
from makemore.home import locked_home
from makemore.options import TrainOptions
from makemore.pipeline import publish as making
from makemore.versions import registry
home, moment = Path(sys.argv[1]), sys.argv[2]
record = registry.record
def killed(*arguments):
    if moment == "after":
        record(*arguments)
    os._exit(9)
registry.record = killed
with locked_home(home, "the test"):
    making.make_version(home, TrainOptions(("bigram",), samples=1000))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_around_the_record_leaves_a_home_that_goes_on(home, moment):
    """The process is gone right before it records, or right after: readers have the old champion, or the new one."""
    first = store.find_version(Home(home)).name
    with locked_home(home, "the test"):
        build_relations(home, BuildOptions())
    assert subprocess.run([sys.executable, "-c", KILLED, home, moment], check=False).returncode == 9
    third = store.version_names(Home(home))[-1]

    assert store.find_version(Home(home)).name == (first if moment == "before" else third)
    assert len(decide.finish(Home(home))) == (moment == "before")
    assert store.find_version(Home(home)).name == third


def test_a_decision_beside_another_champion_is_not_made_up_for(home):
    """Left by a killed run, and in the meantime a person chose otherwise: it says nothing now."""
    first, second = store.version_names(Home(home))
    before = (home / "registry.json").read_bytes()
    run(home)
    (home / "registry.json").write_bytes(before)
    registry.record(Home(home), registry.Promotion(second, "bigram", last(home).at, "by hand", against=first))

    assert decide.finish(Home(home)) == []
    assert store.find_version(Home(home)).name == second


def test_a_home_of_before_goes_on_with_its_newest_version(home):
    """What served before there were decisions is what the next version is judged beside."""
    second = store.version_names(Home(home))[1]
    (home / "registry.json").unlink()
    for path in home.glob("versions/*/promotion.json"):
        path.unlink()
    for path in home.glob("versions/*/manifest.json"):
        told = json.loads(path.read_text())
        del told["files"]["promotion.json"], told["sha256"]
        path.chmod(0o644)
        path.write_text(json.dumps(told))

    run(home)

    assert last(home).against == second
    assert registry.read(Home(home)).promotions[0].reasons == ("it was the newest before versions were judged",)


def test_a_registry_that_was_lost_is_written_anew(home):
    """From the decisions that lie in the versions, in their order."""
    before = registry.read(Home(home))
    (home / "registry.json").unlink()

    decide.finish(Home(home))

    assert registry.read(Home(home)) == before


def test_a_damaged_registry_stops_the_night_before_anything_is_made(home):
    """And the commands that read the champion; whoever names a version is served."""
    (home / "registry.json").write_text("{")
    versions = store.version_names(Home(home))

    with pytest.raises(ValueError, match=r"registry\.json is damaged"):
        run(home)
    with pytest.raises(ValueError, match=r"registry\.json is damaged"):
        store.find_version(Home(home))
    assert store.version_names(Home(home)) == versions
    assert store.find_version(Home(home), versions[1]).name == versions[1]


def test_a_person_can_promote_what_was_refused(home):
    """With another model too; a version keeps the model that it serves with until another is named."""
    first, second = store.version_names(Home(home))

    promotion = decide.promote(Home(home), second)

    assert (promotion.decision, promotion.version, promotion.against) == ("by hand", second, first)
    assert store.find_version(Home(home)).name == second
    with pytest.raises(ValueError, match=f"{second} serves already, with bigram, since "):
        decide.promote(Home(home), second)
    assert decide.roll_back(Home(home)).version == first


def test_the_model_that_a_person_chose_is_what_readers_get(published, tmp_path):
    """By the command that names none, and by the program that loads the home; the best one is not asked for."""
    shutil.copytree(published, tmp_path / "home")
    home = Home(tmp_path / "home")
    version = store.find_version(home).path
    assert Version(version).find_model() == "ngram"

    decide.promote(home, version.name, "bigram")

    assert store.find_version(home).find_model() == "bigram"
    assert makemore.load(home.path).model_type == "bigram"
    assert Version(version).find_model("bigram_net") == "bigram_net"


@pytest.mark.parametrize("how", ["promote", "roll back"])
@pytest.mark.parametrize(
    ("reject_reason", "told"),
    [
        (damage, r"is not as it was published \(counts.parquet: checksum mismatch"),
        (
            lambda home, version: registry.mark_forgotten(Home(home), {version: "emma"}),
            r"made of what is to be forgotten|no previous",
        ),
    ],
    ids=["damaged", "forgotten"],
)
def test_what_must_not_serve_is_not_promoted(home, reject_reason, told, how):
    """Neither by its name nor as the previous champion; nothing changes, and the error says what else there is."""
    first = store.find_version(Home(home)).name
    third = run(home)
    reject_reason(home, first)

    with pytest.raises(ValueError, match=rf"({told}).*`makemore promote VERSION`"):
        decide.promote(Home(home), first) if how == "promote" else decide.roll_back(Home(home))

    assert store.find_version(Home(home)).name == third
    assert last(home).version == third


def test_scores_afresh_are_those_of_the_champions_own_file(made):
    """The gate's way of scoring and the version's own agree on every name that both know."""
    version = store.find_version(Home(made)).path
    own = Version(version).read_scores("bigram")

    afresh = scores.score(*weights.load_model(version / "models" / "bigram"), own.drop("characters", "nats"))

    assert afresh["nats"].to_list() == pytest.approx(own["nats"].to_list())


def test_a_promotion_survives_json(tmp_path):
    """As dataclasses do, with reasons in their order."""
    promotion = registry.Promotion(
        "20261122-020000-3f2a9c", "ngram", "2026-11-22T02:00:00Z", "refused", reasons=("a", "b")
    )
    write_json(tmp_path / "promotion.json", {**vars(promotion)})

    assert Version(tmp_path).read_promotion() == promotion
    write_json(tmp_path / "promotion.json", {"version": "x"})
    with pytest.raises(CorruptVersion, match=r"promotion\.json: not a decision\. hint: run `makemore verify`"):
        Version(tmp_path).read_promotion()
    assert replace(promotion, decision="by hand").is_promoted
