"""A mirror of all 225 boards to look at: made-up files, drawn photographs, a history, alarms."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from mirror.formats.verdict import ImageFacts
from mirror.publication.history import Hour, NodeHistory, PastRun
from mirror.publication.photographs import (
    Photograph,
    PhotographsDocument,
    Picture,
    encode_photographs,
)
from mirror.web.app import Serving, make_app
from mirror.web.listening import tcp_sockets
from mirror.web.server import serving
from mirror.web.whereabouts import Whereabouts
from tests.publication.examples import VERDICT, WARNED
from tests.publication.pages.boards import every_board
from tests.replica.drawn import drawn_photograph
from tests.replica.facts import all_boards
from tests.web.building import Builder, opened
from tests.web.conftest import NODE

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from mirror.catalog.values import Digest
    from mirror.formats.verdict import Verdict
    from mirror.publication.documents import BoardDocument
    from tests.replica.facts import BoardFact
    from tests.web.building import Written

#: Boards that have a photograph: enough that not all of them are on the first screen.
PICTURED: Final = 60
_NOON: Final = datetime(2026, 8, 24, 12, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_CHIPS: Final = {
    "esp32": "ESP32",
    "esp32s2": "ESP32-S2",
    "esp32s3": "ESP32-S3",
    "esp32c3": "ESP32-C3",
    "esp32c6": "ESP32-C6",
    "esp8266": "ESP8266",
    "rp2040": "RP2040",
    "rp2350": "RP2350",
}
_OFFSETS: Final = {"ESP32": 0x1000, "ESP32-S2": 0x1000}
_STRUCTURES: Final = {"bin": "esp32-combined", "uf2": "uf2", "dfu": "dfuse", "hex": "intel-hex"}
_PICTURE: Final = (800, 600), (300, 225)


async def say_nothing() -> bytes:
    """Refuse to say how the node is: nobody asks a tree of files."""
    raise AssertionError("a tree has no status")


#: What a tree of files is told.
TOLD: Final = Serving(node=NODE, status=say_nothing)


async def publish(store: Written) -> None:
    """Publish all boards three times: the first without photographs, the last with a new board."""
    boards = every_board(verdict_of)
    names = [file.name.encode() for board in boards for one in board.releases for file in one.files]
    await store.blobs.put_many(names)
    builder = Builder(store)
    await builder.publish_documents([_older(board) for board in boards[:-1]])
    builder.photographs = await _photographs(store)
    await builder.publish_documents(boards[:-1])
    await builder.publish_documents(boards)


def verdict_of(fact: BoardFact, kind: str) -> Verdict:
    """Return what is known of an image of this *kind* for the board of *fact*."""
    if fact.port in {"nrf", "mimxrt"}:
        return WARNED
    structure = "esp8266" if fact.port == "esp8266" else _STRUCTURES[kind]
    chip = _CHIPS.get(fact.mcu or "", "STM32" if kind == "dfu" else None)
    offset = _OFFSETS.get(chip or "", 0) if kind == "bin" else None
    return replace(VERDICT, facts=ImageFacts(structure, chip=chip, offset=offset))


def _older(board: BoardDocument) -> BoardDocument:
    """Return *board* as it was before its newest release."""
    return replace(board, releases=board.releases[2:])


async def _photographs(store: Written) -> Digest:
    boards = {}
    boards_of_tests = {"RPI_PICO_W", "ESP32_GENERIC"}
    for at, fact in enumerate(all_boards()):
        if at >= PICTURED and fact.board not in boards_of_tests:
            continue
        for named in fact.photographs[:1]:
            drawn = drawn_photograph(f"{fact.board}/{named.name}")
            digest = await store.blobs.put(drawn)
            whole, small = (Picture(digest, *size) for size in _PICTURE)
            kind: Literal["image/png", "image/jpeg"] = "image/jpeg"
            if named.name.endswith(".png"):
                kind = "image/png"
            boards[fact.board] = {named.name: Photograph(digest, kind, whole, small)}
    return await store.blobs.put(encode_photographs(PhotographsDocument(boards)))


def history() -> NodeHistory:
    """Return two weeks, with a bad hour and a run that failed."""
    hours = tuple(
        Hour(
            _NOON - (336 - at) * _HOUR,
            held_bytes=2_000_000_000 + at * 9_000_000,
            requests=int(400 + 300 * math.sin(at / 24 * 2 * math.pi)),
            failed=int(at == 200),
            upstream_errors=max(0, 12 - abs(at - 250)),
        )
        for at in range(336)
    )
    runs = tuple(
        PastRun(
            _NOON - (56 - at) * 6 * _HOUR, 40 + at % 7 * 25, "published" if at != 41 else "failed"
        )
        for at in range(56)
    )
    return NodeHistory(hours, runs)


async def status() -> bytes:
    """Say how a node is that has an alarm, something missing, and several ports."""
    ports = [("esp32", 640, 900_000_000), ("rp2", 410, 300_000_000), ("stm32", 500, 420_000_000)]
    alarm = {
        "alarm": "changed",
        "name": "RPI_PICO-20260406-v1.28.0.uf2",
        "text": "upstream serves other bytes under this name than were first seen",
        "since": "2026-08-24T06:00:00Z",
        "todo": "compare both: mpmirror quarantine RPI_PICO-20260406-v1.28.0.uf2",
    }
    said = {
        "upstream": "https://micropython.org",
        "complete": False,
        "publication": {"sequence": 3, "published": "2026-08-24T12:00:00Z", "age_seconds": 60},
        "held": {"artifacts": 1550, "size": 1_620_000_000},
        "alarms": [alarm],
        "last_run": {
            "ended": "2026-08-24T12:00:00Z",
            "outcome": {"ending": "published", "message": "1 file is not held", "exit_status": 4},
        },
        "next_run": "2026-08-24T18:00:00Z",
        "disk": {"total": 64_000_000_000, "free": 41_000_000_000},
        "completeness": {
            "wanted": 1551,
            "held": 1550,
            "names": [{"name": "PYBV11-20260406-v1.28.0.dfu", "why": "refused: cut short"}],
        },
        "ports": [
            {"port": port, "held": {"artifacts": files, "size": size}, "missing": 0}
            for port, files, size in ports
        ],
        "upstream_health": {"hosts": [{"host": "https://micropython.org", "breaker": "closed"}]},
    }
    return json.dumps(said).encode()


async def stand(folder: Path, ready: Callable[[int], None], stop: asyncio.Event) -> None:
    """Serve the site out of *folder* until told to stop; *ready* is told the TCP port."""
    store = opened(folder)
    await publish(store)
    sockets = await tcp_sockets("127.0.0.1", 0)
    number = sockets[0].getsockname()[1]
    where = Whereabouts(f"http://127.0.0.1:{number}")
    told = Serving(node=NODE, status=status, history=history, whereabouts=where)
    async with serving(make_app(store, told), sockets):
        ready(number)
        await stop.wait()
