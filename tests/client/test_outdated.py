"""`mpmirror outdated`: boards are asked, answers are foreign, what is not known is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.client.boards import ask_board, ports
from mirror.client.tools import Tools
from mirror.errors import BoardError
from tests.client.bench import Bench, runs
from tests.client.room import PICO_OLD
from tests.replica.images.recipe import machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.conftest import Typist


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench with mpremote, and no board."""
    bench = Bench.at(tmp_path / "bench")
    bench.have("mpremote")
    return bench


async def test_each_board_is_told_beside_the_mirror(
    typist: Typist, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its build, or by what the images call it; what can not be told is status 4."""
    monkeypatch.setenv("PATH", bench.environment["PATH"])
    said = {
        "/dev/ttyACM0": runs("v1.27.0", build="RPI_PICO_W"),
        "/dev/ttyACM1": runs("v1.28.0", build="PYBV11"),
        "/dev/ttyACM2": {**runs("v1.18"), "version": "3.4.0", "release": "v1.18 on 2022-01-17",
                         "uname": machine(PICO_OLD)},
        "/dev/ttyACM3": runs("v1.29.0-preview.500.g0123456789", build="RPI_PICO_W"),
        "/dev/ttyACM4": runs("v1.28.0", build="NO_SUCH_BOARD"),
    }  # fmt: skip
    for device, answer in said.items():
        bench.plug(device)
        bench.board(device, answer)
    bench.plug("/dev/ttyACM5")

    told = await typist.types("outdated", "--json")

    rows = {one["port"][-1]: (one["builds"], one["newest"], one["newer"]) for one in told.document}
    assert rows == {
        "0": (["RPI_PICO_W"], "v1.28.0", True),
        "1": (["PYBV11"], "v1.28.0", False),
        "2": (["RPI_PICO_W"], "v1.28.0", True),
        "3": (["RPI_PICO_W"], "v1.29.0-preview.678.g5f2181f938", True),
        "4": ([], None, None),
        "5": ([], None, None),
    }
    assert told.status == 4
    assert "of 2 of 6 boards it can not be told" in told.err


def test_only_ports_on_usb_are_asked(bench: Bench) -> None:
    bench.plug("/dev/ttyACM0", "E66")

    assert [(one.device, one.serial) for one in ports(Tools(bench.environment))] == [
        ("/dev/ttyACM0", "E66")
    ]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"name": "circuitpython", "version": "9"}, "not MicroPython"),
        ({"name": "micropython", "version": "3.4.0"}, "does not say which version"),
        ({}, "does not say which version"),
        ({"name": "micropython", "version": "\x1b[2Jv1.28.0\x07"}, "does not say which version"),
    ],
)
def test_what_a_board_must_say(bench: Bench, said: dict[str, str], text: str) -> None:
    bench.board("/dev/ttyACM0", said)

    with pytest.raises(BoardError, match=text):
        ask_board(Tools(bench.environment), "/dev/ttyACM0")


def test_a_board_that_does_not_answer_is_named(bench: Bench) -> None:
    """With the tool's own words, made plain."""
    with pytest.raises(BoardError, match=r"mpremote ended with status 1: .*no device found"):
        ask_board(Tools(bench.environment), "/dev/ttyACM9")
