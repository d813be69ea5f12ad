"""`mpmirror hooks` says what waits, tries a hook, and shows neither an address nor a secret."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from mirror.cli import main
from mirror.hooks.events import schema
from mirror.hooks.queue import HookQueue, Record
from mirror.hooks.signing import Secrets
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from tests.hooks.receiving import SECRET, example
from tests.hooks.samples import NOON, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Receiver(HTTPServer):
    """Takes one request at a time, and answers with *status*."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Have a receiver listen in a thread: a command has a loop of its own."""
    with Receiver() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def settings(folder: Path, number: int) -> tuple[str, ...]:
    """Write settings with a hook; return the options that name them."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    file = folder / "mpmirror.toml"
    file.write_text(
        f"[hooks.chat]\nurl = 'http://127.0.0.1:{number}/t0p-s3cret'\nsecret_file = '{secret}'\n"
        f"[hooks.other]\nurl = 'https://other.lab'\nsecret_env = 'NOT_SET'\n"
    )
    return ("--config", str(file), "--data", str(folder / "data"))


def test_a_test_event_is_sent_and_signed(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    """That another hook can not be meant holds nothing up."""
    status = main(["hooks", "test", "chat", *settings(tmp_path, receiver.server_address[1])])
    [(headers, body)] = receiver.got
    event = example()(headers, body, SECRET, set(), now=float(headers["webhook-timestamp"]))

    assert status == 0
    assert event is not None
    assert (event["type"], event["data"]) == ("test", {"hook": "chat"})
    assert capsys.readouterr().out.startswith("chat took a test event in ")


def test_a_receiver_that_does_not_take_it_is_one_sentence(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.status = 403
    status = main(["hooks", "test", "chat", *settings(tmp_path, receiver.server_address[1])])

    assert status == 1
    said = capsys.readouterr().err
    assert said == "mpmirror: chat did not take a test event: it answered 403\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("test",), "hooks test needs a hook's name: chat, other"),
        (("test", "mail"), "hooks test needs a hook's name: chat, other"),
        (("test", "other"), "hooks.other: the variable NOT_SET is not set"),
    ],
)
def test_what_can_not_be_tried_is_said(
    tmp_path: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hooks", *words, *settings(tmp_path, 9)]) == 2
    assert said in capsys.readouterr().err


def test_what_waits_is_listed_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    queue = HookQueue(tmp_path / "data", "chat", Files(Disk()))
    (tmp_path / "data").mkdir()
    queue.prepare()
    queue.put([waiting(1)])
    queue.write_record(Record(given_up=3, since=NOON, said="it answered 500"))
    options = settings(tmp_path, 9)
    main(["hooks", "list", *options])
    shown = capsys.readouterr().out
    main(["hooks", "list", "--json", *options])
    [chat, other] = json.loads(capsys.readouterr().out)

    assert "chat: http://127.0.0.1:9/…, new_release, sync_failed, alarm, alarm_ended" in shown
    assert "1 events wait, the oldest since 2026-04-07T12:00:00Z" in shown
    assert "3 events were given up since 2026-04-07T12:00:00Z: it answered 500" in shown
    assert "s3cret" not in shown + json.dumps([chat, other])
    assert (chat["waiting"], chat["given_up"], chat["signed"]) == (1, 3, True)
    assert other["waiting"] == 0


def test_a_secret_that_is_made_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    main(["hooks", "secret"])
    main(["hooks", "secret"])
    first, second = capsys.readouterr().out.split()

    assert first != second
    assert len(Secrets.parse(first).keys[0]) == 32


def test_the_schema_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["hooks", "schema"])

    assert json.loads(capsys.readouterr().out) == schema()
