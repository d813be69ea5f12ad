"""Upstream's texts are shown and never obeyed: in terminal, log and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.proofs.node import Node
from tests.proofs.words import is_inert
from tests.replica import Misbehaviour, Replica
from tests.replica.alterations import HOSTILE_PRODUCTS

if TYPE_CHECKING:
    from pathlib import Path

    from mirror.sandbox import Sandbox
    from tests.proofs.program import Program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.programs]

ESCAPES = "\x1b]0;owned\x07\x1b[2J"


@pytest.fixture
def replica() -> Replica:
    """A board for each hostile product, hostile links, and a file that is no file."""
    replica = Replica.of_boards(len(HOSTILE_PRODUCTS))
    for board, product in zip(replica.boards, HOSTILE_PRODUCTS, strict=True):
        replica.retitle(board, product)
        replica.add_link(board, f"/resources/firmware/{ESCAPES}<script>.uf2")
    replica.misbehave(replica.names()[0], Misbehaviour.HTML_FOR_FIRMWARE, None)
    return replica


async def test_what_a_command_writes_shows_hostile_texts_and_obeys_none(
    replica: Replica, program: Program
) -> None:
    """Each odd link is named with its escapes written out, in lines that only we begin."""
    async with replica.running() as url:
        ended = await replace(program, upstream=url).run("sync")

    assert ended.status == 4
    assert is_inert(ended.written)
    assert r"\x1b]0;owned\x07\x1b[2J<script>.uf2" in ended.err
    assert replica.names()[0] in ended.err


async def test_what_is_for_scripts_is_json_and_plain_ascii(
    replica: Replica, program: Program
) -> None:
    """The outcome is one JSON document, and printing it moves no cursor."""
    async with replica.running() as url:
        ended = await replace(program, upstream=url).run("sync", "--json")

    outcome = json.loads(ended.out)
    assert ended.out.isascii()
    assert is_inert(ended.out)
    assert outcome["exit_status"] == ended.status == 4


@pytest.mark.parametrize("log", ["json", "console"])
async def test_the_log_shows_hostile_texts_and_obeys_none(
    replica: Replica, program: Program, log: str
) -> None:
    """No text of upstream's begins a line, moves a cursor or changes a colour."""
    settings = {"MPMIRROR_LOG__FORMAT": log}
    async with (
        replica.running() as url,
        replace(program, upstream=url, settings=settings).serving() as daemon,
    ):
        await daemon.says("sync ends")

    written = "\n".join(daemon.lines)
    assert is_inert(written)
    assert "owned" in written
    assert not [line for line in daemon.lines if line.startswith(("Set-Cookie", "<script>"))]


async def test_the_feed_shows_every_product_as_one_line_of_text(
    replica: Replica, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Markup stands in the feed as the text that it is, and nothing in it is a control."""
    async with replica.running() as url:
        node = Node(tmp_path / "data", url, sandbox)
        await node.sync()
    async with node.served() as client:
        got = await client.get("/v1/feed.json")

    products = {board["board"]: board["product"] for board in json.loads(got.body)["boards"]}
    shown = [products[board] for board in replica.boards]
    assert got.fields["content-type"] == "application/json"
    assert is_inert(got.body.decode())
    assert shown == [
        r"\x1b[31mRed\x1b[0m \x1b]0;title\x07",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        '"><h2>Firmware</h2>',
        r"Line Set-Cookie: a=b\x00",
        "$(reboot) `reboot` ; reboot",
        r"\u202egnp.erawmrif",
    ]


async def test_a_terminal_gets_our_own_escapes_only(replica: Replica, program: Program) -> None:
    """On a terminal there are bars and colours, and still nothing of upstream's is obeyed."""
    async with replica.running() as url:
        shown = await replace(program, upstream=url).shown_on_a_terminal("sync")

    assert r"\x1b]0;owned\x07\x1b[2J" in shown
    assert "\x1b]0;owned" not in shown
    assert "\x07" not in shown
    assert "\x1b[2J" not in shown
