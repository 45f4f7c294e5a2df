"""The record of a run: its outcome, the seconds of its steps, and what stays from the run before."""

import asyncio
import signal
import sys
from dataclasses import replace
from functools import partial

import pytest

from makemore.errors import Interrupted, NotFound
from makemore.home import Home
from makemore.maintenance import retention
from makemore.options import TrainOptions
from makemore.pipeline import ingest, publish
from makemore.pipeline.build import build_relations
from makemore.pipeline.nightly import Plan, RunSteps, run_nightly
from makemore.pipeline.recording import WorkFound, recorded
from makemore.versions import run_record
from makemore.versions.run_record import LAST_RUN, RunRecord


def make_version(home, build, train, clock):
    clock.timed("build", build_relations)(home, build)
    return publish.make_version(home, train, clock.timed_version(publish.VersionSteps()))


STEPS = RunSteps(ingest.ingest, make_version, retention.prune)


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def run(home, tmp_path):
    """Function that runs the pipeline on names.txt and other lists, and returns the result and the record."""
    (tmp_path / "names.txt").write_text("emma\nolivia\nava\na.b\n")

    def run(*others, metrics=None, **steps):
        lists = [str(tmp_path / name) for name in ("names.txt", *others)]
        plan = Plan(lists, train=TrainOptions(models=("bigram",), samples=10), metrics=metrics)
        return run_nightly(home, plan, replace(STEPS, **steps)), run_record.read(Home(home))

    return run


def stopped(error, *_):
    raise error


def test_a_run_records_its_version_its_names_and_the_seconds_of_each_step(run):
    result, record = run()

    assert (record.outcome, record.version, record.problems) == ("published", result.version.name, ())
    assert (record.names, record.rejects) == (3, 1)
    assert record.started_at <= record.ended_at == record.last_success_at
    steps = set(record.seconds) - {"total"}
    assert steps == {
        *("ingest", "build", "draft", "counts", "dataset", "train"),
        *("evaluate", "sample", "results", "judge", "publish", "prune"),
    }
    assert 0 < sum(record.seconds[step] for step in steps) <= record.seconds["total"]


def test_a_run_with_nothing_to_do_is_a_success_without_names(run):
    """It ingests nothing new."""
    run()
    _, record = run()

    assert (record.outcome, record.version, record.names, record.rejects) == ("nothing to do", None, 0, 0)
    assert record.seconds.keys() == {"ingest", "prune", "total"}
    assert record.last_success_at == record.ended_at


def test_a_quarantined_list_stays_in_the_record_while_it_is_quarantined(run, tmp_path):
    """Its problem is in the record of the first run only."""
    run()
    greek = tmp_path / "greek.txt"
    greek.write_text("αννα\nελένη\nσοφία\n")
    _, first = run("greek.txt")
    _, second = run("greek.txt")

    assert (first.outcome, second.outcome) == ("needs attention", "nothing to do")
    assert first.problems[0].startswith(f"{greek} is quarantined")
    assert second.problems == ()
    assert [each.uri for each in second.quarantined] == [str(greek)]
    assert second.quarantined[0].reason.startswith("contains names in Greek")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (KeyboardInterrupt(), "it was interrupted"),
        (Interrupted(signal.SIGTERM), "it was interrupted"),
        (asyncio.CancelledError(), "it exceeded its time limit"),
        (SystemExit(1), "it was stopped by SystemExit"),
    ],
    ids=["OSError", "KeyboardInterrupt", "Interrupted", "CancelledError", "SystemExit"],
)
def test_a_failed_run_keeps_the_time_of_the_last_success(home, run, error, problem):
    """Its problem is its error. Prefect cancels a run at its time limit, and Ctrl-C is not an Exception either."""
    success = RunRecord("2026-11-22T02:00:00Z", "published", last_success_at="2026-11-22T02:01:00Z")
    run_record.write(Home(home), success)
    with pytest.raises(type(error)):
        run(make_version=partial(stopped, error))
    record = run_record.read(Home(home))

    assert (record.outcome, record.problems) == ("failed", (problem,))
    assert record.last_success_at == "2026-11-22T02:01:00Z"
    assert record.ended_at > record.last_success_at


def test_a_run_without_any_list_records_its_error(home):
    with pytest.raises(NotFound):
        run_nightly(home, Plan([str(home / "gone.txt")]), STEPS)

    record = run_record.read(Home(home))
    assert (record.outcome, record.last_success_at) == ("failed", None)
    assert "gone.txt does not exist" in record.problems[0]


def test_a_run_is_running_until_it_ends(home, run):
    """A run that is killed leaves this record."""
    seen = []
    run(prune=lambda home, keep: seen.append(run_record.read(Home(home))))

    assert [(record.outcome, record.ended_at) for record in seen] == [("running", None)]


def test_a_run_replaces_a_damaged_record(home, run):
    (home / LAST_RUN).write_text("{")

    assert run()[1].outcome == "published"


def test_a_record_that_cannot_be_written_does_not_stop_the_run(home, run, caplog):
    """The log has the reason."""
    (home / LAST_RUN).mkdir()
    result, record = run()

    assert result.version.exists()
    assert record is None
    assert "failed to write the record of the run" in caplog.text


def test_each_run_writes_its_metrics(run, tmp_path):
    """A failed run too."""
    file = tmp_path / "makemore.prom"
    run(metrics=file)
    first = file.read_text()
    with pytest.raises(KeyboardInterrupt):
        run(metrics=file, prune=partial(stopped, KeyboardInterrupt()))

    assert f'makemore_last_run_failed{{home="{tmp_path / "home"}"}} 0.0' in first
    assert 'step="train"' in first
    assert f'makemore_last_run_failed{{home="{tmp_path / "home"}"}} 1.0' in file.read_text()


def test_metrics_that_cannot_be_written_do_not_stop_the_run(run, tmp_path, caplog):
    """The log has the path and the reason: a missing folder, or a missing package."""
    _, record = run(metrics=tmp_path / "gone" / "makemore.prom")

    assert record.outcome == "published"
    assert f"failed to write the metrics to {tmp_path / 'gone' / 'makemore.prom'}: " in caplog.text


def test_metrics_without_the_package_are_a_line_in_the_log(run, tmp_path, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    _, record = run(metrics=tmp_path / "makemore.prom")

    assert record.outcome == "published"
    assert "prometheus_client is not installed. hint: pip install 'makemore[flows]'" in caplog.text


@pytest.mark.parametrize("before", [None, RunRecord("2026-11-22T02:00:00Z", "published")], ids=["none", "published"])
def test_a_run_that_leaves_its_work_to_another_one_leaves_no_record(home, before):
    """The other run starts later, and until then this one would look like a killed run."""
    run_record.write(Home(home), before)
    with pytest.raises(WorkFound), recorded(home):
        raise WorkFound

    assert run_record.read(Home(home)) == before
