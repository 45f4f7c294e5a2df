"""Versions are compared with the champion, promoted or refused, and each decision is recorded once."""

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
from makemore.errors import CorruptVersion, InvalidOption, MakemoreError
from makemore.evaluation import scores
from makemore.evaluation.loss import estimate
from makemore.files.atomic import write_json
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions, TrainOptions
from makemore.pipeline import ingest as ingest_step
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
    ingest_step.ingest(home, str(path), IngestOptions(split=split))


def run(home, train=BIGRAM, build=BuildOptions()):
    """Make a version and return its name; each has its own seed, and so its own name."""
    with locked_home(home, "the test"):
        build_relations(home, build)
        return publish.make_version(home, replace(train, seed=next(SEEDS))).name


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with a champion and a later, worse version. Not for tests that write."""
    home = tmp_path_factory.mktemp("made") / "home"
    home.mkdir()
    ingest(home, NAMES)
    run(home)
    run(home, WORSE)
    return home


@pytest.fixture
def home(made, tmp_path):
    """A copy of that home, to write to."""
    shutil.copytree(made.parent, tmp_path / "made")
    return tmp_path / "made" / "home"


def last(home):
    return registry.read(Home(home)).promotions[-1]


def test_the_first_version_is_promoted(made):
    """The reason says so; version and registry have the same decision."""
    first = store.version_names(Home(made))[0]
    promotion = registry.read(Home(made)).promotions[0]

    assert (promotion.version, promotion.decision, promotion.against) == (first, "promoted", None)
    assert promotion.reasons[0] == "first version in this home"
    assert Version(Home(made).versions / first).read_promotion() == promotion
    assert registry.read(Home(made)).champion == registry.Champion(first, "bigram", promotion.at)


def test_a_worse_version_is_published_and_refused(made, ok):
    """Commands and programs use the champion; the refused version is used by its name."""
    first, second = store.version_names(Home(made))
    promotion = last(made)

    assert (promotion.version, promotion.decision, promotion.against) == (second, "refused", first)
    assert "significantly worse" in promotion.reasons[0]
    assert promotion.difference_low > 0
    assert store.find_version(Home(made)).name == first
    assert makemore.load(made).version.name == first
    names = ok("sample", "-n", "5", "--seed", "1", "--home", made)
    assert names == ok("sample", "-n", "5", "--seed", "1", "--home", made, "--version", first)
    assert names != ok("sample", "-n", "5", "--seed", "1", "--home", made, "--version", second)
    assert json.loads(ok("query", "select version from metrics", "--format", "json", "--home", made)) == [
        {"version": first}, {"version": first}, {"version": first},
    ]  # fmt: skip


def test_the_difference_is_paired_by_name(made):
    """It agrees with the scores of both versions on the same test names, and with a ratio estimate."""
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


def test_a_version_contains_its_decision(made):
    """`promotions` has all decisions up to its own; report.html and README.md have its own with the reasons."""
    first, second = (Home(made).versions / version for version in store.version_names(Home(made)))
    promotion = last(made)

    found = query(second / "stats.duckdb", "select version, decision, difference, reasons from promotions order by all")
    assert found.rows() == [
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


def test_an_equal_version_is_promoted(home):
    """The difference is 0, and the former champion becomes the previous champion."""
    first = store.version_names(Home(home))[0]

    third = run(home)

    assert (last(home).decision, last(home).difference) == ("promoted", 0)
    known = registry.read(Home(home))
    assert (known.champion.version, known.previous.version) == (third, first)


def test_a_version_trained_on_random_strings_is_refused(home):
    """Train has as many random strings as names, which increases the nll of the test names."""
    rng = np.random.default_rng(1)
    ingest(home, ["".join(rng.choice(list("etaoinqxz"), 9)) for _ in NAMES], "random.txt", split="train")

    run(home)

    assert last(home).decision == "refused"
    assert "significantly worse" in last(home).reasons[0]


def test_without_held_out_names_only_samples_are_compared(home):
    """The version is promoted."""
    run(home, build=BuildOptions(holdout=0))

    assert (last(home).decision, last(home).difference) == ("promoted", None)
    assert last(home).reasons[0].endswith("no common held-out name")
    assert last(home).reasons[1].startswith("copy rate of samples ")


def test_dev_replaces_an_empty_test_split(tmp_path):
    """Lists with declared splits may have no test names."""
    home = tmp_path / "home"
    home.mkdir()
    ingest(home, NAMES[:300], "train.txt", split="train")
    ingest(home, NAMES[300:340], "dev.txt", split="dev")
    run(home)

    run(home, WORSE)

    assert last(home).reasons[0].endswith("on 40 held-out names: significantly worse, above the tolerance of 0.015")


def test_names_in_the_champions_train_split_are_excluded(home):
    """Their number agrees with SQL on the two snapshots: one holds out 30 %, the champion 10 %."""
    first = store.find_version(Home(home)).path
    other = Home(home).versions / run(home, build=BuildOptions(holdout=30))
    select = "select name from split_names where split = '{}'"
    train = set(query(first / "stats.duckdb", select.format("train"))["name"])
    test = set(query(other / "stats.duckdb", select.format("test"))["name"])

    seen = len(test & train)

    assert seen > 0
    assert f"excluded {seen} of {len(test)} held-out names: in the champion's train split" in last(home).reasons
    assert any(f"on {len(test) - seen} held-out names" in reason for reason in last(home).reasons)


def test_names_outside_the_champions_vocab_are_excluded(home):
    """The other names are compared."""
    ingest(home, ["zoë", "chloë", "noël"], "more.txt", split="test")

    run(home)

    assert any(
        reason.startswith("excluded 3 of ") and "not in the champion's vocab" in reason for reason in last(home).reasons
    )
    assert "(" in last(home).reasons[0]


def test_names_in_its_own_train_split_are_excluded(home):
    """A list with --split may hold out names of train, which would favour the new version."""
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
    ("change", "reason"),
    [
        (damage, "is damaged: counts.parquet: checksum mismatch"),
        (lambda home, version: shutil.rmtree(Home(home).versions / version), "was deleted"),
        (
            lambda home, version: registry.mark_forgotten(Home(home), {version: "emma"}),
            "contains forgotten data",
        ),
    ],
    ids=["damaged", "missing", "forgotten"],
)
def test_an_unusable_champion_is_replaced(home, change, reason):
    """Even a worse version is promoted, with the reason."""
    champion = store.find_version(Home(home)).name
    change(home, champion)

    third = run(home, WORSE)

    assert last(home).decision == "promoted"
    assert last(home).reasons[0].startswith(f"the champion {champion} {reason}")
    assert "hint:" not in last(home).reasons[0]
    assert store.find_version(Home(home)).name == third
    assert (registry.read(Home(home)).previous is None) == ("forgotten" in reason)


@pytest.fixture
def draft(published, tmp_path):
    """A draft equal to the published version of three models, in a home where that version is champion."""
    shutil.copytree(published, tmp_path / "home")
    version = store.find_version(Home(tmp_path / "home")).path
    target = Home(tmp_path / "home").staging / "20991122-020000-3f2a9c"
    shutil.copytree(version, target)
    return target


def with_dev(draft, model_type, nll):
    metrics = Version(draft).read_metrics(model_type)
    Version(draft).write_metrics(model_type, metrics | {"nll": metrics["nll"] | {"dev": nll}})


def test_a_best_model_that_is_worse_than_its_own_ngrams_is_refused(draft):
    """A model may be best on dev by luck. Both are compared on the same test names, with the champion's rule."""
    with_dev(draft, "bigram", 0.1)

    promotion = judge.judge(draft.parent.parent, draft)

    assert (promotion.model_type, promotion.decision) == ("bigram", "refused")
    comparison = query(draft / "stats.duckdb", "select difference from comparison where model_type = 'bigram'").item()
    [reason] = [reason for reason in promotion.reasons if "its own ngram" in reason]
    assert reason.startswith(f"Δ nll {comparison:+.4f} (")
    assert "against its own ngram on 693 held-out names: significantly worse, above" in reason


def test_a_version_without_ngrams_has_no_baseline(made):
    """The reason says so and does not refuse."""
    assert "no ngram in this version to compare bigram with" in registry.read(Home(made)).promotions[0].reasons


def test_ngrams_need_no_comparison_with_themselves(draft):
    """The reasons of an equal version do not mention a baseline."""
    promotion = judge.judge(draft.parent.parent, draft)

    assert (promotion.decision, promotion.difference) == ("promoted", 0)
    assert len(promotion.reasons) == 3


def test_a_failed_model_does_not_refuse_a_version(draft):
    """A reason names the model."""
    store.leave_out(Version(draft), "bigram_net", "the loss is nan.")

    promotion = judge.judge(draft.parent.parent, draft)

    assert promotion.decision == "promoted"
    assert "failed models: bigram_net" in promotion.reasons


def test_the_next_run_records_a_pending_decision(home):
    """It reads the decision from the version, and compares its own version with the new champion."""
    before = (home / "registry.json").read_bytes()
    third = run(home)
    (home / "registry.json").write_bytes(before)
    assert store.find_version(Home(home)).name == store.version_names(Home(home))[0]

    fourth = run(home)

    known = registry.read(Home(home))
    assert [promotion.version for promotion in known.promotions[-2:]] == [third, fourth]
    assert known.promotions[-1].against == third
    assert decide.record_pending(Home(home)) == []


def test_a_damaged_pending_decision_is_skipped(home):
    """The champion stays, and the next version is compared with it."""
    first = store.find_version(Home(home)).name
    before = (home / "registry.json").read_bytes()
    third = run(home)
    (home / "registry.json").write_bytes(before)
    decision = Version(home / "versions" / third).promotion
    decision.chmod(0o644)
    decision.write_text("{")

    assert decide.record_pending(Home(home)) == []
    assert store.find_version(Home(home)).name == first
    run(home)
    assert last(home).against == first


KILLED = """
import os, sys
from pathlib import Path
from makemore.home import locked_home
from makemore.options import TrainOptions
from makemore.pipeline import publish
from makemore.versions import registry
home, moment = Path(sys.argv[1]), sys.argv[2]
record = registry.record
def killed(*arguments):
    if moment == "after":
        record(*arguments)
    os._exit(9)
registry.record = killed
with locked_home(home, "the test"):
    publish.make_version(home, TrainOptions(("bigram",), samples=1000))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_while_recording_leaves_a_valid_home(home, moment):
    """Killed right before or after, it leaves readers the old champion or the new one."""
    first = store.find_version(Home(home)).name
    with locked_home(home, "the test"):
        build_relations(home, BuildOptions())
    assert subprocess.run([sys.executable, "-c", KILLED, home, moment], check=False).returncode == 9
    third = store.version_names(Home(home))[-1]

    assert store.find_version(Home(home)).name == (first if moment == "before" else third)
    assert len(decide.record_pending(Home(home))) == (moment == "before")
    assert store.find_version(Home(home)).name == third


def test_a_pending_decision_against_a_former_champion_is_skipped(home):
    """A killed run left it, and a person promoted another version since."""
    first, second = store.version_names(Home(home))
    before = (home / "registry.json").read_bytes()
    run(home)
    (home / "registry.json").write_bytes(before)
    registry.record(Home(home), registry.Promotion(second, "bigram", last(home).at, "by hand", against=first))

    assert decide.record_pending(Home(home)) == []
    assert store.find_version(Home(home)).name == second


def test_a_home_without_decisions_promotes_its_newest_version(home):
    """The next version is compared with it."""
    second = store.version_names(Home(home))[1]
    (home / "registry.json").unlink()
    for path in home.glob("versions/*/promotion.json"):
        path.unlink()
    for path in home.glob("versions/*/manifest.json"):
        found = json.loads(path.read_text())
        del found["files"]["promotion.json"], found["sha256"]
        path.chmod(0o644)
        path.write_text(json.dumps(found))

    run(home)

    assert last(home).against == second
    assert registry.read(Home(home)).promotions[0].reasons == ("newest version without a decision",)


def test_a_deleted_registry_is_rebuilt(home):
    """The decisions are read from the versions, in order."""
    before = registry.read(Home(home))
    (home / "registry.json").unlink()

    decide.record_pending(Home(home))

    assert registry.read(Home(home)) == before


def test_a_damaged_registry_stops_a_run_before_its_first_step(home):
    """Commands that read the champion fail too; commands with a version name work."""
    (home / "registry.json").write_text("{")
    versions = store.version_names(Home(home))

    with pytest.raises(ValueError, match=r"registry\.json is damaged"):
        run(home)
    with pytest.raises(ValueError, match=r"registry\.json is damaged"):
        store.find_version(Home(home))
    assert store.version_names(Home(home)) == versions
    assert store.find_version(Home(home), versions[1]).name == versions[1]


def test_a_person_can_promote_a_refused_version(home):
    """A second promotion is refused, and a rollback undoes the first."""
    first, second = store.version_names(Home(home))

    promotion = decide.promote(Home(home), second)

    assert (promotion.decision, promotion.version, promotion.against) == ("by hand", second, first)
    assert store.find_version(Home(home)).name == second
    with pytest.raises(InvalidOption, match=rf"{second} is champion already \(model: bigram\), since "):
        decide.promote(Home(home), second)
    assert decide.roll_back(Home(home)).version == first


def test_readers_get_the_model_of_the_promotion(published, tmp_path):
    """Commands and `load` without a model type use it instead of the best model."""
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
    ("change", "reason"),
    [
        (damage, r"is damaged \(counts.parquet: checksum mismatch"),
        (
            lambda home, version: registry.mark_forgotten(Home(home), {version: "emma"}),
            r"contains forgotten data|no previous",
        ),
    ],
    ids=["damaged", "forgotten"],
)
def test_an_unusable_version_is_not_promoted(home, change, reason, how):
    """Promotion and rollback fail with a hint, and nothing changes."""
    first = store.find_version(Home(home)).name
    third = run(home)
    change(home, first)

    with pytest.raises(MakemoreError, match=rf"({reason}).*`makemore promote VERSION`"):
        decide.promote(Home(home), first) if how == "promote" else decide.roll_back(Home(home))

    assert store.find_version(Home(home)).name == third
    assert last(home).version == third


def test_scoring_again_gives_the_scores_of_the_version(made):
    """The scores of a comparison agree with the published ones on every name."""
    version = store.find_version(Home(made)).path
    own = Version(version).read_scores("bigram")

    afresh = scores.score(*weights.load_model(version / "models" / "bigram"), own.drop("characters", "nats"))

    assert afresh["nats"].to_list() == pytest.approx(own["nats"].to_list())


def test_a_promotion_survives_json(tmp_path):
    """The reasons keep their order."""
    promotion = registry.Promotion(
        "20261122-020000-3f2a9c", "ngram", "2026-11-22T02:00:00Z", "refused", reasons=("a", "b")
    )
    write_json(tmp_path / "promotion.json", {**vars(promotion)})

    assert Version(tmp_path).read_promotion() == promotion
    write_json(tmp_path / "promotion.json", {"version": "x"})
    with pytest.raises(CorruptVersion, match=r"promotion\.json: not a decision\. hint: run `makemore verify`"):
        Version(tmp_path).read_promotion()
    assert replace(promotion, decision="by hand").is_promoted
