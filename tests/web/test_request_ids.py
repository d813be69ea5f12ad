"""Every answer names its request, and so does the log."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.web.current_request import REQUEST
from mirror.web.worker_log import log_plainly
from tests.web.building import PICO, USUAL
from tests.web.conftest import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.building import Builder
    from tests.web.client import Client

PATHS = ["/v1/boards.json", f"/v1/files/{PICO}", "/", "/nothing", "/v1/status.json"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_well_formed_id_comes_back(client: Client, path: str) -> None:
    got = await client.get(path, X_Request_Id="proxy-1.7_a")

    assert got.fields["x-request-id"] == "proxy-1.7_a"


@pytest.mark.parametrize("sent", ["", "a b", "-a", "a" * 65, "a\u00e4", 'a"', "a;b"])
async def test_any_other_id_is_as_if_none_was_sent(client: Client, sent: str) -> None:
    got = await client.get("/healthz", X_Request_Id=sent)

    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", got.fields["x-request-id"])


async def test_no_two_requests_have_one_id(client: Client) -> None:
    """On one connection, too."""
    async with client.connected() as line:
        found = []
        for method in ("GET", "HEAD", "POST"):
            await line.ask("/healthz", method)
            found.append((await line.answer(method)).fields["x-request-id"])

    assert len(set(found)) == 3


async def test_what_is_logged_of_a_request_knows_it(builder: Builder, data: Path) -> None:
    """As any handler of `logging` can see, in the task of the request."""
    seen = []

    class Watching(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.levelname, REQUEST.get()))

    watching = Watching()
    logger = logging.getLogger("mirror.web.failures")
    logger.addHandler(watching)
    try:
        async with served(builder.store) as site:
            path_of(data, USUAL[PICO]).unlink()
            await site.client.get(f"/v1/files/{PICO}", X_Request_Id="r-1")
    finally:
        logger.removeHandler(watching)

    assert seen == [("ERROR", "r-1")]


def path_of(data: Path, content: bytes) -> Path:
    """Give the file of a blob."""
    [path] = data.rglob(Digest.of(content).hex)
    return path


def test_a_worker_writes_the_id_behind_the_event(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    root.handlers.clear()
    try:
        log_plainly()
        token = REQUEST.set("r-1")
        root.warning("it is\nso")
        REQUEST.reset(token)
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    assert capsys.readouterr().err.endswith("it is\\nso request=r-1\n")
