"""mpflash, unmodified: it is led here by names and a CA, or needs no network at all.

Its requests and files are those of `clients.md` section 4: it verifies nothing itself.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.clients.lab import environment, run
from tests.clients.prepare import ROOT, python_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.clients.lab import Lab

pytestmark = pytest.mark.clients
_ASKED: Final = ("RPI_PICO_W", "ESP32_GENERIC", "SEEED_WIO_TERMINAL")


def mpflash(home: Path, *words: str, **more: str) -> str:
    """Run mpflash, which must succeed, and return what it says."""
    folder = home / "firmware"
    # mpflash heeds the variable only for a folder that is there.
    folder.mkdir(parents=True, exist_ok=True)
    env = environment(home, MPFLASH_FIRMWARE=str(folder), **more)
    ended = run(python_of("mpflash").with_name("mpflash"), *words, env=env, seconds=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def stored(home: Path) -> list[tuple[str, str, str, str, str]]:
    """Return board, version, file, port and source of each row of its database."""
    with sqlite3.connect(home / "firmware" / "mpflash.db") as database:
        return database.execute(
            "SELECT board_id, version, firmware_file, port, source FROM firmwares ORDER BY 1, 2, 3"
        ).fetchall()


def assert_rows_are_the_feed(home: Path, lab: Lab) -> list[tuple[str, str, str, str, str]]:
    """Check that every file that was stored is, byte for byte, the one that its row names."""
    digests, rows = lab.digests(), stored(home)
    for _, _, file, _, source in rows:
        bytes_of_it = (home / "firmware" / file).read_bytes()
        assert hashlib.sha256(bytes_of_it).hexdigest() == digests[source.rpartition("/")[2]], file
    return rows


@pytest.mark.parametrize("versions", [("stable", "preview"), ("v1.27.0",)], ids=" and ".join)
def test_what_it_downloads_is_what_the_feed_says(
    lab: Lab, home: Path, asked: list[str], versions: tuple[str, ...]
) -> None:
    """For every board and version that was asked for, with the right rows in its database.

    And no request goes anywhere else: no other name was looked for.
    """
    boards = [word for board in _ASKED for word in ("-b", board)]
    wanted = [word for version in versions for word in ("-v", version)]
    mpflash(home, "download", *boards, *wanted, REQUESTS_CA_BUNDLE=str(lab.authority))

    rows = assert_rows_are_the_feed(home, lab)
    assert {row[0].partition("-")[0] for row in rows} == set(_ASKED)
    versions_of = {row[1] for row in rows if row[0] == "RPI_PICO_W"}
    assert len(versions_of) == len(versions)
    assert asked == []


def test_a_version_that_is_not_listed_is_refused_and_nothing_is_stored(
    lab: Lab, home: Path
) -> None:
    """It would store an empty body as firmware, if only the list named it."""
    mpflash(
        home, "download", "-b", "RPI_PICO_W", "-v", "v1.2.3", REQUESTS_CA_BUNDLE=str(lab.authority)
    )

    assert stored(home) == []
    assert list((home / "firmware").rglob("*.uf2")) == []


def test_the_offline_folder_is_found_without_any_network(lab: Lab, home: Path) -> None:
    """`mpmirror export --mpflash` on the mirror, a stick, and no request at all."""
    folder = home / "firmware"
    boards = [word for board in _ASKED for word in ("--boards", board)]
    exported = run(
        sys.executable, "-m", "mirror", "export", "--mpflash", folder, *boards,
        env=environment(
            home, PYTHONPATH=str(ROOT), MPMIRROR_CONFIG="/dev/null",
            MPMIRROR_DATA_DIR=str(lab.folder / "data"), MPMIRROR_KEYS_DIR=str(lab.folder / "keys"),
        ),
    )  # fmt: skip
    assert exported.returncode == 0, exported.stdout + exported.stderr
    # A proxy at which nobody listens: whatever would be asked fails.
    mpflash(home, "list", HTTPS_PROXY="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9")

    rows = assert_rows_are_the_feed(home, lab)
    assert {row[0].partition("-")[0] for row in rows} == set(_ASKED)
    assert not (folder / "firmware.jsonl").exists()
