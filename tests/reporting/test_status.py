"""The state of a home: killed and failed runs, quarantined lists, refused versions, damage, and their text."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from makemore.errors import NotFound
from makemore.home import Home, locked_home
from makemore.options import IngestOptions
from makemore.pipeline import ingest
from makemore.reporting.status import as_json, read_status
from makemore.reporting.status_text import describe_status
from makemore.versions import registry, run_record, store
from makemore.versions.registry import Promotion
from makemore.versions.run_record import Quarantined, RunRecord
from tests.conftest import ROOT

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
GOOD = RunRecord(
    "2026-11-22T02:00:00Z",
    "nothing to do",
    ended_at="2026-11-22T02:00:09Z",
    last_success_at="2026-11-22T02:00:09Z",
    seconds={"total": 9.0},
)


@pytest.fixture
def home(published, tmp_path):
    """Copy of a home with one version, whose last run was good."""
    home = shutil.copytree(published, tmp_path / "home")
    run_record.write(Home(home), GOOD)
    return home


def record(home, outcome, **fields):
    """Replace the record of the last run."""
    run_record.write(Home(home), RunRecord("2026-11-23T02:00:00Z", outcome, **fields))


def quarantine(home):
    """Ingest a list that is quarantined, and return its path."""
    path = home.parent / "greek.txt"
    path.write_text("αννα\nελένη\nσοφία\n")
    with locked_home(home, "the tests"):
        ingest.ingest(home, str(path), IngestOptions())
    return path


def lines(home):
    """The text of a home by the fact at the start of each line."""
    shown = describe_status(read_status(home), NOW).partition("\n\n")[0].splitlines()
    return {line[:13].strip(): line[14:] for line in shown}


def test_a_home_after_a_good_run_needs_no_attention(home):
    """The champion has its nll on test, the age is that of the end of the run."""
    status = read_status(home)
    version, nll = store.find_version(Home(home)), status.champion.nll["ngram"]

    assert status.needs_attention == ()
    assert nll == version.read_metrics("ngram")["nll"]
    assert status.champion.names == 6818
    assert status.bytes == sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    shown = lines(home)
    assert shown["last run"] == "nothing to do, ended 2026-11-22 02:00 UTC (2 days ago) after 9.0 s"
    assert shown["last success"] == "2026-11-22 02:00 UTC (2 days ago)"
    assert shown["champion"].startswith(f"{version.name} (model: ngram), nll {nll['test']:.4f} (test), since ")
    assert shown["newest"] == f"{version.name}, promoted"


def test_a_home_without_runs_and_versions_has_no_facts(tmp_path):
    status = read_status(tmp_path)

    assert (status.last_run, status.champion, status.newest, status.needs_attention) == (None, None, None, ())
    assert lines(tmp_path)["last run"] == "none recorded"


def test_a_home_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(NotFound, match=r"gone does not exist. hint: use --home"):
        read_status(tmp_path / "gone")


def test_a_run_without_its_process_was_killed(home):
    """While the home is locked, it is running."""
    record(home, "running")
    with locked_home(home, "nightly"):
        running = read_status(home)
    killed = read_status(home)

    assert (running.outcome, running.needs_attention) == ("running", ())
    assert "(nightly, since " in running.locked_by
    assert killed.outcome == "killed"
    assert killed.needs_attention == (f"the last run was killed. hint: makemore run --home {home}",)


def test_a_failed_run_needs_attention_with_its_error(home):
    record(home, "failed", ended_at="2026-11-23T02:01:00Z", problems=("No space left",), seconds={"total": 60.0})

    assert read_status(home).needs_attention == ("the last run failed: No space left",)
    assert lines(home)["last success"] == "none recorded"


def test_a_quarantined_list_needs_attention_until_it_is_released(home):
    """Also if no run reported it, and although the problem of the last run is still recorded."""
    path = quarantine(home)
    [message] = read_status(home).needs_attention
    [reason] = [row["reason"] for row in ingest.quarantined_lists(home)]
    record(home, "needs attention", problems=(message,), quarantined=(Quarantined(str(path), reason),))
    before = read_status(home)
    with locked_home(home, "the tests"):
        ingest.release(home, str(path))

    assert message.startswith(f"{path} is quarantined: it contains names in Greek")
    assert message.endswith(f"hint: makemore release {path} --home {home}")
    assert before.needs_attention == (message,)
    assert read_status(home).needs_attention == ()


def test_the_quarantined_lists_of_a_locked_home_are_those_of_its_record(home):
    """The working database is locked for other processes then."""
    record(home, "needs attention", quarantined=(Quarantined("/lists/a.txt", "contains names in Greek"),))
    with locked_home(home, "nightly"):
        locked = read_status(home)

    assert [each.uri for each in locked.quarantined] == ["/lists/a.txt"]
    assert read_status(home).quarantined == ()


def test_other_problems_of_the_last_run_count_until_the_next_one(home):
    record(home, "needs attention", problems=("/lists/gone.txt does not exist",))
    first = read_status(home)
    record(home, "nothing to do")

    assert first.needs_attention == ("/lists/gone.txt does not exist",)
    assert read_status(home).needs_attention == ()


def test_a_refused_version_needs_attention_while_it_is_the_newest(home):
    """Until it is promoted by hand."""
    version = store.find_version(Home(home)).name
    refusal = Promotion(version, "ngram", "2026-11-23T02:00:00Z", "refused", reasons=("it is worse",))
    registry.record(Home(home), refusal)
    problem = f"{version} was refused: it is worse. Champion: {version}"
    record(home, "needs attention", version=version, problems=(problem,))
    [refused] = read_status(home).needs_attention
    registry.record(Home(home), Promotion(version, "ngram", "2026-11-23T09:00:00Z", "by hand"))

    assert refused == f"{version} was refused: it is worse. hint: makemore promote {version} --home {home}"
    assert read_status(home).needs_attention == ()


@pytest.mark.parametrize("file", ["registry.json", "makemore.duckdb", "versions/*/manifest.json"])
def test_damage_needs_attention(home, file):
    """The other facts are shown."""
    [path] = home.glob(file)
    path.chmod(0o644)
    path.write_bytes(b"{" * path.stat().st_size)

    status = read_status(home)
    assert status.last_run == GOOD
    [problem] = status.needs_attention
    assert path.name in problem


def test_json_has_the_documented_keys(home):
    """An infinite nll is null. docs/guides/monitor.md has a row for each key."""
    status = read_status(home)
    status.champion.nll["bigram"]["dev"] = float("inf")
    shown = json.loads(json.dumps(as_json(status), allow_nan=False))

    assert shown["champion"]["nll"]["bigram"]["dev"] is None
    assert shown["last_run"]["outcome"] == "nothing to do"
    documented = (ROOT / "docs" / "guides" / "monitor.md").read_text(encoding="utf-8")
    assert [key for key in shown if f"\n| `{key}` |" not in documented] == []
    assert shown["versions"] == [shown["champion"]["version"]] == [shown["newest"]["version"]]


def test_the_command_exits_with_4_if_something_needs_attention(home, makemore):
    """The text and the JSON have the same facts."""
    good = makemore("status", "--home", home)
    record(home, "failed", ended_at="2026-11-23T02:01:00Z", problems=("No space left",), seconds={"total": 60.0})
    text, as_json = (makemore("status", "--home", home, "--format", format) for format in ("text", "json"))

    assert (good.returncode, text.returncode, as_json.returncode) == (0, 4, 4)
    assert "- the last run failed: No space left" in text.stdout
    assert json.loads(as_json.stdout)["needs_attention"] == ["the last run failed: No space left"]
    assert text.stderr == "makemore: 1 problem needs attention, listed above\n"
    assert makemore("status", "--home", home / "gone").returncode == 1


def test_the_command_imports_nothing_slow(home):
    """It takes less than half a second: a process without polars, torch and Prefect."""
    code = (
        "import atexit, sys; from makemore.cli import main; "
        "atexit.register(lambda: print({'numpy', 'polars', 'prefect', 'pyarrow', 'torch'} & {*sys.modules})); main()"
    )
    command = [sys.executable, "-c", code, "status", "--home", home]

    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert printed.splitlines()[-1] == "set()"
