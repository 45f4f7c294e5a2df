"""Notices: what is told, to whom, and that none of it can make a night worse or give a secret away."""

import logging
import socket

import pytest

from makemore import notifications
from makemore.notifications import Notice, addresses, send

BAD = Notice("towns", "20261122-020000-3f2a9c", "done", ("a.txt does not exist.",))


def test_a_webhook_gets_all_of_it_as_fields_and_as_text(webhook):
    """Chats read `text`, programs the rest."""
    send(BAD, addresses(webhook.url), lambda *_: None)

    assert webhook.posted == [
        {
            "home": "towns",
            "version": "20261122-020000-3f2a9c",
            "status": "done",
            "problems": ["a.txt does not exist."],
            "flow": "nightly",
            "text": "makemore, home towns: the night is done, and published 20261122-020000-3f2a9c.\n"
            "- a.txt does not exist.",
        }
    ]


def test_blocks_get_the_text(webhook):
    """By the name that they have in Prefect, beside a webhook."""
    told = []
    send(BAD, addresses(f"block:slack-webhook/ops, {webhook.url}"), lambda *words: told.append(words))

    assert told == [("slack-webhook/ops", BAD.text)]
    assert len(webhook.posted) == 1


def test_a_notice_that_cannot_be_sent_is_a_line_without_the_secret(webhook, caplog):
    """Whatever goes wrong, the night goes on, and the others are told."""

    def broken(*_):
        raise RuntimeError("no such block at https://hooks.example/secret")

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/secret"
    webhook.status = 500
    with caplog.at_level(logging.INFO, "makemore"):
        send(BAD, addresses(f"{nobody},block:slack-webhook/ops,{webhook.url}"), broken)

    assert [record.message for record in caplog.records] == [
        "the notice to http://127.0.0.1/... could not be sent: [Errno 111] Connection refused",
        "the notice to block:slack-webhook/ops could not be sent: RuntimeError",
        "the notice to http://127.0.0.1/... could not be sent: it answered 500",
    ]


def test_a_webhook_that_does_not_answer_is_given_up(monkeypatch, caplog):
    """A night is not to wait for it."""
    monkeypatch.setattr(notifications, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        send(BAD, [f"http://127.0.0.1:{silent.getsockname()[1]}/secret"], lambda *_: None)

    assert "could not be sent" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("wrong", ["ops@example.com", "block:slack", "ftp://host/secret", "http:///secret"])
def test_what_is_no_address_is_refused_without_repeating_a_secret(wrong):
    """At once, and not in the night that it is needed."""
    with pytest.raises(ValueError, match=r"use an http\(s\) URL, or block:TYPE/NAME") as refused:
        addresses(wrong)

    assert "secret" not in str(refused.value)


def test_nobody_to_tell_is_no_address():
    """An empty setting, and commas alone."""
    assert addresses("") == addresses(" , ") == ()
