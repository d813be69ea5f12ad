"""The same clients, unmodified, where all that their mirror holds came on a stick in four rounds.

What each must do there is what its own module says that it does beside a mirror with an upstream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.clients import (
    test_esptool,
    test_micropython,
    test_mpflash,
    test_mpremote,
    test_own,
    test_readers,
    test_thonny,
    test_transfers,
)
from tests.clients.enclave import LAST, RELEASED, enclave

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.lab import Lab, Room

pytestmark = pytest.mark.clients
#: How curl, wget and aria2 are called.
_FETCHERS: Final[dict[str, tuple[str, ...]]] = {
    "curl": ("curl", "--fail", "--silent", "--show-error", "--remote-name-all"),
    "wget": ("wget", "--quiet"),
    "aria2": ("aria2c", "--quiet", "--async-dns=false", "--force-sequential=true"),
}


@pytest.fixture(scope="module")
def _enclave(_room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    _room.close()
    room = enclave(tmp_path_factory.mktemp("gap"), _room.lab)
    yield room
    room.close()


@pytest.fixture
def lab(_room: Room, _enclave: Room) -> Lab:
    """Give the mirror of the enclave, in the place of the one that has an upstream."""
    _room.close()
    _enclave.open()
    return _enclave.lab


@pytest.mark.parametrize("words", _FETCHERS.values(), ids=_FETCHERS)
def test_every_file_comes_with_its_sums(lab: Lab, home: Path, words: tuple[str, ...]) -> None:
    """Those of the last round too, with the bytes that upstream has."""
    test_transfers.test_everything_comes_and_its_sums_are_right(lab, home, words)

    assert (home / LAST).read_bytes() == (lab.folder.parent / LAST).read_bytes()


def test_mpflash_downloads_the_release_of_the_last_round(
    lab: Lab, home: Path, asked: list[str]
) -> None:
    test_mpflash.test_what_it_downloads_is_what_the_feed_says(
        lab, home, asked, ("stable", "preview")
    )

    rows = test_mpflash.stored(home)
    assert LAST in {source.rpartition("/")[2] for *_, source in rows}


def test_thonny_installs_by_its_dialog(lab: Lab, home: Path) -> None:
    test_thonny.test_its_dialog_installs_what_the_feed_names(lab, home, "by its configuration")


def test_mpremote_installs_packages(lab: Lab, home: Path) -> None:
    test_mpremote.test_packages_come_and_can_be_imported(lab, home, ())


def test_a_board_installs_packages(lab: Lab, home: Path) -> None:
    test_micropython.test_three_packages_are_installed_and_imported_by_the_board(
        lab, home, "6", "True"
    )


def test_esptool_finds_every_image_whole(lab: Lab, home: Path) -> None:
    test_esptool.test_it_finds_every_held_image_whole(lab, home)


def test_a_feed_reader_finds_entries_that_can_be_fetched(lab: Lab, home: Path) -> None:
    test_readers.test_a_feed_reader_finds_entries_that_can_be_fetched(lab, home, "atom")


def test_a_release_tracker_finds_the_release_of_the_last_round(lab: Lab, home: Path) -> None:
    found = test_readers.read(home, lab, "tracker", "micropython/micropython")

    assert found == {"version": RELEASED}


def test_our_own_client_gets_the_release_of_the_last_round(lab: Lab, home: Path) -> None:
    del lab
    home.mkdir()
    got = test_own.got(home)

    assert got["version"] == RELEASED
