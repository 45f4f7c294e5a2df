"""Metrics for Prometheus: what a run writes, the conventions of names, and the alert rules of the docs."""

import re
from dataclasses import replace

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from makemore.errors import InvalidOption
from makemore.home import Home
from makemore.reporting.metrics import METRICS, write_metrics
from makemore.reporting.status import read_status
from makemore.versions.run_record import Quarantined, RunRecord
from makemore.versions.store import find_version
from tests.blocks import blocks
from tests.conftest import ROOT

GUIDE = ROOT / "docs" / "guides" / "monitor.md"
RUN = RunRecord(
    "2026-11-22T02:00:00Z",
    "needs attention",
    ended_at="2026-11-22T02:01:00Z",
    last_success_at="2026-11-22T02:01:00Z",
    seconds={"ingest": 0.5, "train": 20.25, "total": 60.0},
    names=6818,
    rejects=3,
)


@pytest.fixture
def status(published):
    """A home with one version and one quarantined list."""
    return replace(read_status(published), last_run=RUN, quarantined=(Quarantined("/lists/a.txt", "contains"),))


def read(file):
    """The samples of a file by name, and by the other labels than `home`."""
    samples = {}
    for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
        for sample in family.samples:
            labels = tuple(value for label, value in sample.labels.items() if label != "home")
            samples.setdefault(sample.name, {})[labels] = sample.value
    return samples


def test_the_file_has_the_facts_of_the_home(status, tmp_path):
    """Timestamps are seconds since 1970: 2026-11-22T02:00:00Z is 1795312800."""
    write_metrics(status, tmp_path / "makemore.prom")

    samples = read(tmp_path / "makemore.prom")
    version = find_version(Home(status.home))
    assert samples.keys() == {metric.name for metric in METRICS}
    assert samples["makemore_last_run_timestamp_seconds"] == {(): 1795312860}
    assert samples["makemore_last_success_timestamp_seconds"] == {(): 1795312860}
    assert samples["makemore_last_run_failed"] == {(): 0}
    assert samples["makemore_last_run_needs_attention"] == {(): 1}
    assert samples["makemore_last_run_duration_seconds"] == {(): 60}
    assert samples["makemore_last_run_step_duration_seconds"] == {("ingest",): 0.5, ("train",): 20.25}
    assert samples["makemore_quarantined_lists"] == samples["makemore_versions"] == {(): 1}
    assert samples["makemore_champion_names"] == samples["makemore_last_run_names"] == {(): 6818}
    assert samples["makemore_home_size_bytes"] == {(): status.bytes}
    assert samples["makemore_champion_nll_nats"] == {
        (model_type, split): nll
        for model_type in version.model_types
        for split, nll in version.read_metrics(model_type)["nll"].items()
    }


def test_names_and_labels_follow_the_conventions_of_prometheus(status, tmp_path):
    """Lower case, base units, no _total or _count for a gauge, help with a full stop; every sample names its home."""
    write_metrics(status, tmp_path / "makemore.prom")

    families = list(text_string_to_metric_families((tmp_path / "makemore.prom").read_text()))
    for family in families:
        assert re.fullmatch(r"makemore(_[a-z]+)+", family.name)
        assert not re.search(r"_(total|count|sum|bucket|milliseconds|megabytes|minutes|days)$", family.name)
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert {sample.labels["home"] for sample in family.samples} == {str(status.home.absolute())}
    assert len(families) == len(METRICS)


def test_a_home_without_facts_has_no_samples_for_them(tmp_path):
    """Except numbers that are zero."""
    write_metrics(read_status(tmp_path), tmp_path / "makemore.prom")

    samples = read(tmp_path / "makemore.prom")
    assert samples.keys() == {"makemore_quarantined_lists", "makemore_versions", "makemore_home_size_bytes"}


def test_the_file_is_replaced_and_readable_by_other_users(status, tmp_path):
    """node_exporter runs as another user and may read at any time."""
    file = tmp_path / "makemore.prom"
    file.write_text("old")
    with file.open() as reader:
        write_metrics(status, file)

        assert reader.read() == "old"
    assert file.stat().st_mode & 0o444 == 0o444
    assert [path.name for path in tmp_path.iterdir()] == ["makemore.prom"]


def test_an_error_names_no_temporary_file(status, tmp_path):
    with pytest.raises(InvalidOption) as raised:
        write_metrics(status, tmp_path / "missing" / "makemore.prom")

    assert raised.value.message == "--metrics is not writable (No such file or directory)"
    assert raised.value.hint


def test_the_guide_lists_every_metric_with_its_labels():
    rows = re.findall(r"^\| `(makemore_\w+)` \|([^|]*)\|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)

    assert [(name, re.findall(r"`(\w+)`", labels)) for name, labels in rows] == [
        (metric.name, list(metric.labels)) for metric in METRICS
    ]


def test_the_alert_rules_of_the_guide_use_existing_metrics(status, tmp_path):
    """They are a rule file of Prometheus: groups of alerts with an expression, and labels that exist."""
    write_metrics(status, tmp_path / "makemore.prom")
    [rules] = [block.text for block in blocks(GUIDE) if block.language == "yaml"]
    samples = read(tmp_path / "makemore.prom")

    alerts = [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    assert len(alerts) == 3
    for alert in alerts:
        assert alert.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert re.findall(r"makemore_\w+", alert["expr"])
        assert set(re.findall(r"makemore_\w+", alert["expr"])) <= samples.keys()
        assert "{{ $labels.home }}" in alert["annotations"]["summary"]
        assert alert["expr"].count("(") == alert["expr"].count(")")
