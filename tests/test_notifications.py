"""Alerts: content, addresses, and failures that neither stop a run nor print a secret."""

import logging
import socket

import pytest

from makemore import notifications
from makemore.errors import InvalidOption
from makemore.notifications import Alert, addresses, send

ALERT = Alert("towns", "20261122-020000-3f2a9c", "completed", ("a.txt does not exist",))


def test_a_webhook_receives_fields_and_text(webhook):
    """Chats read `text`, programs the other fields."""
    send(ALERT, addresses(webhook.url), lambda *_: None)

    assert webhook.posted == [
        {
            "home": "towns",
            "version": "20261122-020000-3f2a9c",
            "status": "completed",
            "problems": ["a.txt does not exist"],
            "flow": "nightly",
            "text": "makemore, home towns: nightly run completed and published 20261122-020000-3f2a9c, "
            "1 problem needs attention:\n- a.txt does not exist",
        }
    ]


def test_a_failed_flow_is_named():
    """The text contains the name of another flow than the nightly run, and the number of problems."""
    text = Alert("towns", None, "failed", ("a", "b"), "generate").text

    assert text == "makemore, home towns: generate failed, 2 problems need attention:\n- a\n- b"


def test_a_block_receives_the_text(webhook):
    """It is sent under its name in Prefect, in addition to a webhook."""
    sent = []
    send(ALERT, addresses(f"block:slack-webhook/ops, {webhook.url}"), lambda *arguments: sent.append(arguments))

    assert sent == [("slack-webhook/ops", ALERT.text)]
    assert len(webhook.posted) == 1


def test_a_failure_to_send_is_logged_without_the_secret(webhook, caplog):
    """The other addresses still receive the alert."""

    def broken(*_):
        raise RuntimeError("no such block at https://hooks.example/secret")

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        unreachable = f"http://127.0.0.1:{closed.getsockname()[1]}/secret"
    webhook.status = 500
    with caplog.at_level(logging.INFO, "makemore"):
        send(ALERT, addresses(f"{unreachable},block:slack-webhook/ops,{webhook.url}"), broken)

    assert [record.message for record in caplog.records] == [
        "failed to send the alert to http://127.0.0.1/...: [Errno 111] Connection refused",
        "failed to send the alert to block:slack-webhook/ops: RuntimeError",
        "failed to send the alert to http://127.0.0.1/...: HTTP status 500",
    ]


def test_a_webhook_that_does_not_respond_times_out(monkeypatch, caplog):
    """A run does not wait for it."""
    monkeypatch.setattr(notifications, "WEBHOOK_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        send(ALERT, [f"http://127.0.0.1:{silent.getsockname()[1]}/secret"], lambda *_: None)

    assert "failed to send" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("wrong", ["ops@example.com", "block:slack", "ftp://host/secret", "http:///secret"])
def test_an_invalid_address_is_refused_without_its_secret(wrong):
    """At the start, not when the first alert is sent."""
    with pytest.raises(InvalidOption, match=r"use an http\(s\) URL or block:TYPE/NAME") as refused:
        addresses(wrong)

    assert "secret" not in str(refused.value)


def test_an_empty_setting_has_no_address():
    """This includes a setting that consists of commas."""
    assert addresses("") == addresses(" , ") == ()
