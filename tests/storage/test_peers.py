"""How far other mirrors were seen is remembered, durably, and never less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirror.catalog.values import Digest
from mirror.errors import DamagedError
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.storage.peers import PEERS_FILE, PeerPlace, Peers

if TYPE_CHECKING:
    from pathlib import Path

LINEAGE = "0a" * 16
ROOT = Digest.of(b"root")


def peers_in(folder: Path) -> Peers:
    """Open what is remembered in *folder*."""
    return Peers(folder, Files(Disk()))


async def test_nothing_is_known_before_anybody_was_seen(tmp_path: Path) -> None:
    assert await peers_in(tmp_path).find(LINEAGE) is None


async def test_a_place_is_there_after_a_restart(tmp_path: Path) -> None:
    await peers_in(tmp_path).reach(LINEAGE, PeerPlace(5, ROOT))

    assert await peers_in(tmp_path).find(LINEAGE) == PeerPlace(5, ROOT)


@pytest.mark.parametrize("sequence", [1, 4, 5])
async def test_a_place_is_never_left_for_a_lower_one(tmp_path: Path, sequence: int) -> None:
    """Not even for another root of the same sequence."""
    peers = peers_in(tmp_path)
    await peers.reach(LINEAGE, PeerPlace(5, ROOT))
    await peers.reach(LINEAGE, PeerPlace(sequence, Digest.of(b"other")))

    assert await peers.find(LINEAGE) == PeerPlace(5, ROOT)


async def test_the_newest_thousand_lineages_are_kept(tmp_path: Path) -> None:
    """Who makes a lineage for every answer fills no disk."""
    many = {f"{number:032x}": PeerPlace(1, ROOT) for number in range(1000)}
    peers = peers_in(tmp_path)
    (tmp_path / PEERS_FILE).write_text(
        "{"
        + ",".join(f'"{one}":{{"sequence":1,"root":"{place.root}"}}' for one, place in many.items())
        + "}"
    )
    await peers.reach("f" * 32, PeerPlace(1, ROOT))

    assert await peers.find(f"{0:032x}") is None
    assert await peers.find(f"{1:032x}") == PeerPlace(1, ROOT)
    assert await peers.find("f" * 32) == PeerPlace(1, ROOT)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"a":1}', b'{"%s":{"sequence":0}}', b"[" * 9999]
)
async def test_a_damaged_file_is_damage_and_not_a_beginning(tmp_path: Path, text: bytes) -> None:
    """Else whoever damages it leads the node back."""
    (tmp_path / PEERS_FILE).write_bytes(text)

    with pytest.raises(DamagedError, match=r"peers\.json"):
        await peers_in(tmp_path).find(LINEAGE)
