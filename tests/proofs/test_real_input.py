"""Real pages and real images, from upstream's side of the wire to the feed."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mirror.catalog.kinds import Kind
from mirror.catalog.names import ArtifactName
from mirror.errors import UnrecognisedNameError
from tests.proofs.walking import walk
from tests.replica import Replica
from tests.replica.ways import Substituted

if TYPE_CHECKING:
    from tests.proofs.program import Program

SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared" / "real"
FIRMWARE: Final = SHARED / "firmware"
PAGE: Final = SHARED / "pages" / "micropython_board_esp32_generic.html"

pytestmark = [
    pytest.mark.programs,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(
        not SHARED.is_dir(), reason="the real pages and images of ../shared/real are not here"
    ),
]

EVERYTHING: Final = {
    "MPMIRROR_POLICY__RELEASES": "all",
    "MPMIRROR_POLICY__PREVIEWS": "all",
    "MPMIRROR_POLICY__KINDS": ",".join(kind.value for kind in Kind),
}

# By port and the id of its time: today's id, and the variant it became.
TODAY: Final = {
    ("esp32", "GENERIC"): ("ESP32_GENERIC", None),
    ("esp32", "GENERIC_C3"): ("ESP32_GENERIC_C3", None),
    ("esp32", "GENERIC_C3_USB"): ("ESP32_GENERIC_C3", "USB"),
    ("esp32", "GENERIC_S3"): ("ESP32_GENERIC_S3", None),
    ("esp32", "GENERIC_S3_SPIRAM"): ("ESP32_GENERIC_S3", "SPIRAM"),
    ("esp8266", "GENERIC"): ("ESP8266_GENERIC", None),
    ("rp2", "PICO"): ("RPI_PICO", None),
    ("rp2", "PIMORONI_PICOLIPO_16MB"): ("PIMORONI_PICOLIPO", "FLASH_16M"),
}
CONTROLS: Final = {
    "circuitpython-9.2.1.uf2": "no-banner",
    "flipper_http_merged_esp32_c6.bin": "unknown",
    "flipper_http_pico_2w_c++.uf2": "no-banner",
    "pico-sdk-blink.uf2": "no-banner",
}


def manifest() -> list[dict[str, str]]:
    """Return what is known of each real image."""
    with (FIRMWARE / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def is_of_upstream(name: str) -> bool:
    """Whether the file *name* is in upstream's grammar."""
    try:
        ArtifactName.parse(name)
    except UnrecognisedNameError:
        return False
    return True


def expected(row: dict[str, str]) -> dict[str, str | None]:
    """Return what the feed must say of the image of one line of the manifest."""
    board, variant = TODAY.get((row["port"], row["board"]), (row["board"], row["variant"] or None))
    return {
        "board": board,
        "variant": variant,
        "version": row["version"],
        "kind": row["format"],
        "sha256": row["sha256"],
    }


async def test_the_feed_lists_every_real_image_as_what_it_is(program: Program) -> None:
    """Board, variant, version, kind and digest are those of the manifest; none is refused."""
    replica = Replica()
    names = replica.serve_folder(FIRMWARE)
    async with replica.running() as url:
        program = replace(program, upstream=url, settings=EVERYTHING)
        synced = await program.run("sync", "--json")
        async with program.serving() as daemon:
            await daemon.ready()
            served = await walk(daemon.client)
            feed = json.loads((await daemon.client.get("/v1/feed.json")).body)
    listed = {
        file["name"]: {
            "board": board["board"],
            "variant": file["variant"],
            "version": release["version"],
            "kind": file["kind"],
            "sha256": file["hashes"]["sha256"],
        }
        for board in feed["boards"]
        for release in board["releases"]
        for file in release["files"]
    }

    outcome = json.loads(synced.out)
    rows = [row for row in manifest() if is_of_upstream(row["file"])]
    assert (outcome["exit_status"], outcome["troubles"]) == (0, [])
    assert listed == {row["file"]: expected(row) for row in rows}
    assert listed.keys() == served.files.keys() == set(names)
    assert len(listed) == 44


async def test_verify_accepts_every_real_image_of_micropython(program: Program) -> None:
    """Whatever they are called: with status 0, and the digest of the manifest."""
    rows = [row for row in manifest() if row["file"] not in CONTROLS]
    ended = await program.run("verify", "--json", *(str(FIRMWARE / row["file"]) for row in rows))

    judged = json.loads(ended.out)
    assert ended.status == 0
    assert [one["accepted"] for one in judged] == [True] * len(rows)
    assert [one["sha256"] for one in judged] == [row["sha256"] for row in rows]


async def test_verify_refuses_every_control_for_its_reason(program: Program) -> None:
    """What is no MicroPython is said to be none, with status 4."""
    ended = await program.run("verify", "--json", *(str(FIRMWARE / name) for name in CONTROLS))

    judged = json.loads(ended.out)
    found = {Path(one["file"]).name: [r["rule"] for r in one["reasons"]] for one in judged}
    assert ended.status == 4
    assert ended.err == "mpmirror: 4 of 4 files refused\n"
    assert found == {name: [rule] for name, rule in CONTROLS.items()}


async def test_the_real_page_gives_315_files_in_5_variants(program: Program) -> None:
    """All that stands on it, of every kind, is what a run would fetch."""
    replica = Replica.of("ESP32_GENERIC")
    replica.misbehave("ESP32_GENERIC", Substituted(PAGE.read_bytes()), None)
    async with replica.running() as url:
        program = replace(program, upstream=url, settings=EVERYTHING)
        ended = await program.run("sync", "--dry-run", "--json")

    names = [ArtifactName.parse(name) for name in json.loads(ended.out)["files"]]
    assert ended.status == 0
    assert len(set(map(str, names))) == 315
    assert Counter(name.kind.value for name in names) == {
        "bin": 105,
        "app-bin": 80,
        "meta.zip": 80,
        "elf": 25,
        "map": 25,
    }
    assert {name.present("esp32").variant for name in names} == {
        None,
        "D2WD",
        "OTA",
        "SPIRAM",
        "UNICORE",
    }
