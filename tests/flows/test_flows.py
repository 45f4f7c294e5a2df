"""The flows on a real Prefect server: order, retries, states, alerts and run pages."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from makemore.database import query
from makemore.errors import Diverged, UnsatisfiableRequest
from makemore.home import Home, locked_home
from makemore.options import BuildOptions, IngestOptions, ReadOptions, SampleOptions, TrainOptions
from makemore.pipeline import ingest as intake
from makemore.pipeline import publish
from makemore.pipeline import sample as sampling
from makemore.pipeline.build import build_relations
from makemore.pipeline.nightly import RunResult
from makemore.sampling import sample, samplers
from makemore.sampling.requests import Request, read_requests
from makemore.training import full_batch
from makemore.versions import run_record, store
from makemore.versions.version import Version

pytestmark = pytest.mark.usefixtures("prefect_server")

EVERYTHING = BuildOptions(holdout=0)


@pytest.fixture
def names(tmp_path):
    """A list of three names."""
    path = tmp_path / "names.txt"
    path.write_text("emma\nolivia\nava\n")
    return str(path)


def task_runs(flow_run_id):
    """Names and states of the tasks of an ended flow run, in the order of their start.

    The server receives them a little later than the state of the run: query it until they do not change.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    mine = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    runs, until = None, time.monotonic() + 20
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            time.sleep(0.3)
            before = runs
            found = sorted(client.read_task_runs(flow_run_filter=mine), key=lambda run: run.start_time or run.created)
            runs = [(run.name, run.state_name) for run in found]
            if runs == before and all(state in ("Completed", "Failed") for _, state in runs):
                break
    return runs


def artifacts(flow_run_id):
    """Artifacts of a flow run, by key."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
    with get_client(sync_client=True) as client:
        return {artifact.key: str(artifact.data) for artifact in client.read_artifacts(artifact_filter=mine)}


def test_nightly_publishes_the_bytes_of_the_pipeline(names, tmp_path):
    """The version of the flow has the same bytes as the one made without Prefect."""
    from makemore.flows.nightly import nightly

    version = nightly([names], tmp_path / "flow", build=EVERYTHING, train=TrainOptions(samples=10)).version
    plain = tmp_path / "plain"
    plain.mkdir()
    intake.ingest(plain, names, ReadOptions())
    build_relations(plain, EVERYTHING)
    expected = publish.make_version(plain, TrainOptions(samples=10))

    for file in (
        "counts.parquet",
        "dataset.safetensors",
        "models/bigram_net/model.safetensors",
        "samples/bigram.parquet",
    ):
        assert (version / file).read_bytes() == (expected / file).read_bytes()


def test_a_run_with_a_failed_model_needs_attention(names, tmp_path, monkeypatch, webhook):
    """One task fails; the version has the other models; an alert is sent, and the page has all artifacts."""
    from makemore.flows.nightly import nightly

    def failing(*_, **__):
        raise Diverged("bigram_net: the loss is nan")

    monkeypatch.setattr(full_batch, "descend", failing)
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = TrainOptions(("bigram", "bigram_net"), samples=10)
    state = nightly([names], tmp_path / "home", build=EVERYTHING, train=options, return_state=True)

    version = store.find_version(Home(tmp_path / "home")).path
    result = state.result()
    assert (state.type.name, state.name) == ("COMPLETED", "Needs attention")
    assert result.version == version
    assert "without the models that failed. bigram_net: the loss is nan" in result.problems[0]
    assert [(alert["version"], alert["status"], alert["problems"]) for alert in webhook.posted] == [
        (version.name, "completed", list(result.problems))
    ]
    assert Version(version).model_types == ["bigram"]
    assert list(Version(version).verify()) == []
    run = state.state_details.flow_run_id
    assert task_runs(run)[-9:] == [
        ("dataset", "Completed"),
        ("train bigram", "Completed"),
        ("evaluate bigram", "Completed"),
        ("sample bigram", "Completed"),
        ("train bigram_net", "Failed"),
        ("results", "Completed"),
        ("judge", "Completed"),
        ("publish", "Completed"),
        ("prune", "Completed"),
    ]
    shown = artifacts(run)
    assert shown.keys() == {"lists", "version", "decision", "models", "report"}
    assert version.name in shown["decision"]
    assert "Completed" not in shown["lists"]
    assert shown["report"].startswith("[report.html of ")


def test_a_run_with_nothing_to_do_sends_no_alert(names, tmp_path, monkeypatch, webhook):
    """Its state has a name of its own; its tasks are one `ingest` for each list, and `prune`."""
    from makemore.flows.nightly import nightly

    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = {"build": EVERYTHING, "train": TrainOptions(("bigram",), samples=10)}
    nightly([names], tmp_path / "home", **options)
    state = nightly([names], tmp_path / "home", **options, return_state=True)

    assert (state.type.name, state.name) == ("COMPLETED", "Nothing to do")
    assert state.message == "the newest version is up to date"
    assert state.result() == RunResult(None)
    assert task_runs(state.state_details.flow_run_id) == [(f"ingest {names}", "Completed"), ("prune", "Completed")]
    assert webhook.posted == []


def test_the_exit_code_of_makemore_run(makemore, names, tmp_path, monkeypatch, webhook):
    """0 for a version and for nothing to do, 4 if the run needs attention, 1 if it failed. Each writes its metrics."""
    from prefect.settings import PREFECT_API_URL

    monkeypatch.setenv("PREFECT_API_URL", PREFECT_API_URL.value())
    # The command line sets them. Restore them after the test.
    monkeypatch.setenv("MAKEMORE_NOTIFY", "")
    monkeypatch.setenv("MAKEMORE_METRICS", "")
    metrics = []

    def run(home, *words, **env):
        file = tmp_path / "makemore.prom"
        file.unlink(missing_ok=True)
        words = (*words, "--home", tmp_path / home, "--models", "bigram", "--samples", "10", "--metrics", file)
        done = makemore("run", *words, **env)
        metrics.append(file.read_text())
        return done

    made, idle = run("home", names), run("home", names)
    partial = run("home", names, tmp_path / "gone.txt", "--notify", webhook.url)
    (tmp_path / "empty.txt").write_text("")
    failed = run("other", tmp_path / "empty.txt", MAKEMORE_NOTIFY=webhook.url)

    assert [done.returncode for done in (made, idle, partial, failed)] == [0, 0, 4, 1]
    flags = [
        re.findall(r"^makemore_last_run_(?:failed|needs_attention){.*} (\d)", text, re.MULTILINE) for text in metrics
    ]
    assert flags == [["0", "0"], ["0", "0"], ["0", "1"], ["1", "0"]]
    assert "Promoted to champion (model: bigram)" in made.stdout
    assert idle.stdout == partial.stdout == "nothing to do: the newest version is up to date\n"
    assert "needs attention: " not in idle.stderr
    assert f"needs attention: {tmp_path / 'gone.txt'} does not exist" in partial.stderr
    assert failed.stderr.endswith(f"makemore: {tmp_path / 'empty.txt'} has no valid name: it is empty\n")
    assert [alert["status"] for alert in webhook.posted] == ["completed", "failed"]
    assert "secret" not in partial.stderr + failed.stderr


def test_a_prefect_block_receives_an_alert(monkeypatch):
    """By its type and name."""
    from prefect.blocks.abstract import NotificationBlock

    from makemore.flows import alerts

    class Remembering(NotificationBlock):
        def notify(self, body, subject=None):
            received.append((body, subject))

    received = []
    Remembering().save("ops")
    alerts._notify("remembering/ops", "nightly run failed")

    assert received == [("nightly run failed", "makemore")]


def test_a_failed_run_sends_its_reason(tmp_path, monkeypatch, webhook):
    """No list can be read, and the home has none."""
    from makemore.flows.nightly import nightly

    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    state = nightly([str(tmp_path / "gone.txt")], tmp_path / "home", return_state=True)

    assert state.type.name == "FAILED"
    assert [(alert["status"], alert["problems"]) for alert in webhook.posted] == [
        ("failed", [f"{tmp_path / 'gone.txt'} does not exist"])
    ]


def test_a_hanging_run_times_out(names, tmp_path, monkeypatch, webhook):
    """The time limit interrupts a training, which is not a failed model; the home is unlocked."""
    from makemore.flows.nightly import nightly

    def hanging(*_, **__):
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(full_batch, "descend", hanging)
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)
    options = TrainOptions(("bigram", "bigram_net"), samples=10)
    limited = nightly.with_options(timeout_seconds=3)
    state = limited([names], tmp_path / "home", build=EVERYTHING, train=options, return_state=True)

    assert state.name == "TimedOut"
    assert store.version_names(Home(tmp_path / "home")) == []
    assert [alert["status"] for alert in webhook.posted] == ["failed"]
    assert run_record.read(Home(tmp_path / "home")).problems == ("it exceeded its time limit",)
    with locked_home(tmp_path / "home", "the tests", wait=0):
        pass


def test_train_and_generate_follow_ingest(names, tmp_path, monkeypatch):
    """The other flows, one after the other, give the same file of names as without Prefect."""
    from makemore.flows.generate import generate
    from makemore.flows.ingest import ingest
    from makemore.flows.train import train

    ingest([names], tmp_path / "home", IngestOptions(split="train"))
    (tmp_path / "greek.txt").write_text("Αγάπη\n", encoding="utf-8")
    state = ingest([str(tmp_path / "greek.txt")], tmp_path / "home", return_state=True)
    assert (state.type.name, state.name) == ("COMPLETED", "Needs attention")
    assert "greek.txt is quarantined: it contains names in Greek" in state.message
    version = train(tmp_path / "home", EVERYTHING, TrainOptions(models=("bigram",), samples=10))
    (tmp_path / "requests.csv").write_text("id,n,prefix\nmany,25000,\nfew,7,e\n")
    # Two shards of the first request, and one of the other.
    monkeypatch.setattr(sample, "SHARD_SIZE", samplers.BLOCK_SIZE)
    state = generate(tmp_path / "out.csv", tmp_path / "requests.csv", home=tmp_path / "home", return_state=True)

    plan = sampling.plan(version, read_requests(tmp_path / "requests.csv"), tmp_path / "plain.csv")
    assert state.result().read_bytes() == sampling.assemble(plan).read_bytes()
    runs = task_runs(state.state_details.flow_run_id)
    assert sorted(runs) == sorted(
        [(f"plan {tmp_path / 'out.csv'}", "Completed"), *((f"shard {i}", "Completed") for i in range(3)),
         ("assemble", "Completed")]
    )  # fmt: skip


def test_an_unsatisfiable_request_fails_in_its_plan(names, tmp_path, monkeypatch, webhook):
    """The run is Failed before the first shard, and an alert is sent."""
    from makemore.flows.generate import generate

    (tmp_path / "home").mkdir()
    intake.ingest(tmp_path / "home", names, ReadOptions())
    build_relations(tmp_path / "home", EVERYTHING)
    publish.make_version(tmp_path / "home", TrainOptions(models=("bigram",), samples=10))
    request = Request(5, "few", options=SampleOptions(pattern="e", distinct=True))
    monkeypatch.setenv("MAKEMORE_NOTIFY", webhook.url)

    state = generate(tmp_path / "out.csv", [request], home=tmp_path / "home", return_state=True)

    with pytest.raises(UnsatisfiableRequest, match="request few: bigram: only 1 name satisfies these constraints"):
        state.result()
    assert not (tmp_path / "out.csv").exists()
    [alert] = webhook.posted
    assert (alert["flow"], alert["status"]) == ("generate", "failed")
    assert f"home {tmp_path / 'home'}: generate failed, 1 problem needs attention:\n- request few" in alert["text"]


def test_an_invalid_list_fails_without_retries(names, tmp_path):
    """The failed task names the list, and the run continues without it."""
    from makemore.flows.nightly import nightly

    (tmp_path / "bad.txt").write_text("")
    options = {"build": EVERYTHING, "train": TrainOptions(("bigram",), samples=10)}
    state = nightly([names, str(tmp_path / "bad.txt")], tmp_path / "home", **options, return_state=True)

    assert state.result().problems == (f"{tmp_path / 'bad.txt'} has no valid name: it is empty",)
    assert task_runs(state.state_details.flow_run_id)[:3] == [
        (f"ingest {names}", "Completed"),
        (f"ingest {tmp_path / 'bad.txt'}", "Failed"),
        ("build", "Completed"),
    ]
    assert len(store.version_names(Home(tmp_path / "home"))) == 1


def test_a_broken_download_is_retried(tmp_path, monkeypatch):
    """After one response 503 the second attempt succeeds."""
    from makemore.flows import nightly_tasks
    from makemore.flows.ingest import ingest

    class Flaky(BaseHTTPRequestHandler):
        answers = iter([503, 200])

        def do_GET(self):
            self.send_response(next(self.answers))
            self.end_headers()
            self.wfile.write(b"emma\nava\n")

        def log_message(self, *_):
            """Log nothing."""

    monkeypatch.setattr(nightly_tasks.ingest, "retry_delay_seconds", 0.1)

    with HTTPServer(("127.0.0.1", 0), Flaky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/names.txt"
        ingest([uri], tmp_path / "home")
        server.shutdown()

    build_relations(tmp_path / "home", EVERYTHING)
    version = publish.make_version(tmp_path / "home", TrainOptions(samples=1))
    assert query(version / "stats.duckdb", "select uri, names from sources").rows() == [(uri, 2)]


def test_parameters_are_typed():
    """Prefect validates parameters from a page or the API before the flow runs."""
    from makemore.flows.nightly import nightly

    schema = nightly.parameters

    assert schema.required == ["lists"]
    assert set(schema.properties) == {"lists", "home", "read", "build", "train", "keep"}
    with pytest.raises(Exception, match="--holdout 60 is out of range"):
        nightly.validate_parameters({"lists": ["a.txt"], "build": {"holdout": 60}})
