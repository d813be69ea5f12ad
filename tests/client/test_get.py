"""`mpmirror get`: what is here in the end is what was published, or nothing."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from tests.client.room import (
    ESP,
    ESP_SPIRAM,
    PICO,
    PYBOARD,
    TEENSY,
    name_of,
)
from tests.replica.images import Recipe, make_image

if TYPE_CHECKING:
    from tests.client.conftest import Typist


async def test_what_is_meant_is_here_byte_for_byte(typist: Typist) -> None:
    """With a digest that is its own, and nothing beside it."""
    said = await typist.gets("RPI_PICO_W")

    assert said.status == 0, said.err
    path = typist.folder / name_of(PICO)
    assert path.read_bytes() == make_image(PICO)
    assert [one.name for one in typist.folder.iterdir()] == [path.name]
    (document,) = said.document
    assert document["sha256"] == Digest.of(make_image(PICO)).hex
    assert document["file"] == str(path)


async def test_a_person_is_told_what_was_checked_and_our_own_command(typist: Typist) -> None:
    """Upstream's words are quoted; none of its commands is, and its marks are not obeyed."""
    said = await typist.types("get", "-o", str(typist.folder), "ESP32_GENERIC")

    path = typist.folder / name_of(ESP)
    told = said.out.splitlines()
    assert told[0] == f"{path}: verified"
    assert told[1].startswith(f"  sha256: {Digest.of(make_image(ESP)).hex}, ")
    assert told[2].startswith("  published: not signed")
    assert told[3] == "  here: structure and SHA-256 inside checked"
    assert "  | Hold down BOOTSEL while plugging in; $(reboot)" in told
    assert f"  esptool --chip esp32 --baud 460800 write_flash 0x1000 {path}" in told
    assert "evil" not in said.out


async def test_the_command_of_a_script_is_a_list_and_for_no_shell(typist: Typist) -> None:
    """So a folder with a space in it needs no quotes."""
    folder = typist.folder / "a b"

    said = await typist.types("get", "-o", str(folder), "--json", "RPI_PICO_W")
    told = await typist.types("get", "-o", str(folder), "RPI_PICO_W")

    (document,) = said.document
    assert document["commands"] == [["cp", "--", str(folder / name_of(PICO)), "VOLUME/"]]
    assert shlex.join(document["commands"][0]) in told.out


async def test_an_app_bin_comes_without_a_command(typist: Typist) -> None:
    """It comes, for somebody asked for it; why there is no command is said."""
    (document,) = (await typist.gets("ESP32_GENERIC", "--kind", "app-bin")).document

    assert document["commands"] == []
    assert "updates over the air" in document["no_command"]


async def test_what_is_here_is_not_fetched_again_and_what_is_wrong_is_replaced(
    typist: Typist,
) -> None:
    """A file of that name with other bytes was never what upstream gave that name to."""
    path = typist.folder / name_of(PICO)
    path.write_bytes(b"a 404 page that somebody stored")

    first = await typist.gets("RPI_PICO_W")
    typist.room.asked.clear()
    second = await typist.gets("RPI_PICO_W")

    assert path.read_bytes() == make_image(PICO)
    assert first.document[0]["replaced"] == Digest.of(b"a 404 page that somebody stored").hex
    assert second.document[0]["there"]
    blob = f"/v1/blobs/{Digest.of(make_image(PICO))}"
    assert blob not in [asked for asked, _ in typist.room.asked]


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ("RPI_PICOW", 1, "near to it: RPI_PICO_W"),
        (
            "PYBV11 --maturity preview",
            1,
            "fits (the default build, a preview)",
        ),
        ("ESP32_GENERIC-SPIRAM --variant OTA", 2, "another"),
        ("--locked --lock-file /nowhere/at.all", 4, "can not be read"),
    ],
)
async def test_what_can_not_be_had_is_said_in_a_sentence(
    typist: Typist, words: str, status: int, text: str
) -> None:
    said = await typist.gets(*words.split())

    assert said.status == status
    assert text in said.err
    assert list(typist.folder.iterdir()) == []


async def test_a_mirror_that_is_not_there_is_unreachable(typist: Typist) -> None:
    """Status 3, and the address is named."""
    said = await typist.types_plainly("get", "--from", "127.0.0.1:1", "RPI_PICO_W")

    assert said.status == 3
    assert "http://127.0.0.1:1/v1/root.json: no connection" in said.err


async def test_a_lock_is_taken_exactly_or_not_at_all(typist: Typist) -> None:
    """Also when the mirror has a newer release by then."""
    path = typist.folder.parent / "mpmirror.lock"
    wrote = await typist.types("lock", "RPI_PICO_W", "ESP32_GENERIC-SPIRAM", "-o", str(path))
    newer = Recipe("rp2", "rp2040", "RPI_PICO_W", None, "v1.29.0", "2026-08-24", PICO.kind)
    await typist.room.publish(newer, PICO, ESP_SPIRAM)

    said = await typist.gets("--locked", "--lock-file", str(path))

    assert (wrote.status, said.status) == (0, 0)
    assert {one.name for one in typist.folder.iterdir()} == {name_of(PICO), name_of(ESP_SPIRAM)}
    assert [(one["board"], one["chip"], one["offset"]) for one in said.document] == [
        ("ESP32_GENERIC", "ESP32", 0x1000),
        ("RPI_PICO_W", "RP2040", 0x10000000),
    ]


async def test_a_lock_whose_bytes_are_gone_recalled_or_elsewhere_fails(typist: Typist) -> None:
    """Each is told, the others are brought, and the status is 4."""
    path = typist.folder.parent / "mpmirror.lock"
    await typist.types("lock", "RPI_PICO_W", "ESP32_GENERIC", "PYBV11", "TEENSY41", "-o", str(path))
    lock = json.loads(path.read_text())
    by_board = {one["board"]: one for one in lock["files"]}
    by_board["ESP32_GENERIC"]["offset"] = 0
    by_board["PYBV11"]["digest"] = f"sha256:{'0' * 64}"
    path.write_text(json.dumps(lock))
    await typist.room.publish(PICO, ESP, PYBOARD, TEENSY, recalled=[make_image(TEENSY)])

    said = await typist.gets("--locked", "--lock-file", str(path))

    assert said.status == 4
    assert [one.name for one in typist.folder.iterdir()] == [name_of(PICO)]
    assert "the lock says ESP32 at 0x0, the image shows ESP32 at 0x1000" in said.err
    assert "does not hold the bytes of the lock" in said.err
    assert "was recalled" in said.err
    assert [one["board"] for one in said.document] == ["RPI_PICO_W"]
