"""What a client sends that is nobody's business is in no log, whatever happens to the request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mirror.config.log import LogSettings
from mirror.daemon.log import logging_as
from mirror.web.app import Serving
from tests.web.building import PICO, image
from tests.web.conftest import NODE, served
from tests.web.test_blob_response import blob

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.web.building import Builder

SENT = "ghp_S3cretT0ken"
FIELDS = "\r\n".join(
    f"{name}: {SENT}" for name in ("Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key")
)
FILE = f"/resources/firmware/{PICO}"
TARGETS = (
    FILE,
    f"{FILE}?access_token={SENT}",
    f"http://user:{SENT}@micropython.org{FILE}",
    f"/v1/status.json?token={SENT}",
    f"/repos/micropython/micropython?token={SENT}",
    f"/nothing?token={SENT}",
)


async def fault() -> bytes:
    """Fail in a way that nobody foresaw."""
    raise RuntimeError("a fault")


async def test_tokens_and_cookies_reach_no_log(
    builder: Builder, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A damaged file, a fault of the node, what is not there, and what is not HTTP: all logged."""
    blob(data, image(PICO)).unlink()
    answers = []
    with logging_as(LogSettings(format="json", level="debug")):
        logging.getLogger().setLevel(logging.DEBUG)
        async with served(builder.store, told=Serving(node=NODE, status=fault)) as site:
            for target in TARGETS:
                head = f"GET {target} HTTP/1.1\r\nHost: api.github.com\r\n{FIELDS}\r\n"
                for host in ("api.github.com", "mirror.lab"):
                    words = head.replace("Host: api.github.com", f"Host: {host}")
                    answers.append(
                        await site.client.say(f"{words}Connection: close\r\n\r\n".encode())
                    )
            answers.append(await site.client.say(f"{SENT} {FIELDS}\r\n\r\n".encode()))
    logging.getLogger().setLevel(logging.WARNING)
    written = "".join(capsys.readouterr())

    assert "is answered with 503" in written
    assert "could not be answered" in written
    assert SENT not in written
    assert all(SENT.encode() not in answer for answer in answers)
