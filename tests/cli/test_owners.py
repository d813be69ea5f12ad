"""An owner's recovery key says which of his keys count, and what he says crosses the gap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mirror.cli import main
from mirror.transfer.keys import PublicKey
from tests.sync.node import node_at
from tests.transfer.bundles.gap import site


@dataclass
class Person:
    """Somebody who types commands at a node, and reads what they print."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def types(self, *words: str) -> tuple[int, str]:
        """Return the status of a command, and what it printed."""
        self.monkeypatch.setenv("MPMIRROR_DATA_DIR", str(self.folder / "data"))
        self.monkeypatch.setenv("MPMIRROR_KEYS_DIR", str(self.folder / "keys"))
        self.capsys.readouterr()
        status = main(list(words))
        said = self.capsys.readouterr()
        return status, said.out + said.err

    def public(self, name: str) -> PublicKey:
        """Return a public key of the node."""
        return PublicKey.parse((self.folder / "keys" / name).read_bytes())


@dataclass
class Gap:
    """Two people, and the paper and the stick between them."""

    here: Person
    there: Person
    paper: Path
    words: Path
    stick: Path

    def carries(self) -> tuple[int, str]:
        """Export here, and import there; return what the import said."""
        told = self.here.types("export", str(self.stick), "--passphrase-file", str(self.words))
        assert told[0] == 0, told
        return self.there.types("import", str(self.stick))


@pytest.fixture
async def gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Gap:
    """Return two nodes, of which one trusts the export key and the recovery key of the other."""
    async with site().running() as url, node_at(tmp_path / "a" / "data", url, lineage=1) as node:
        await node.sync()
    here, there = (Person(tmp_path / name, monkeypatch, capsys) for name in "ab")
    paper, words = tmp_path / "paper", tmp_path / "words"
    words.write_text("long enough\n")
    return Gap(here, there, paper, words, tmp_path / "x.mpb")


@pytest.fixture
def trusting(gap: Gap) -> Gap:
    """Return the gap with keys made here and trusted there."""
    assert gap.here.types("key", "recovery", "--recovery", str(gap.paper))[0] == 0
    assert gap.here.types("key", "export", "--passphrase-file", str(gap.words))[0] == 0
    keys = gap.here.folder / "keys"
    trust = ("key", "trust", str(keys / "export.pub"), "--recovery", str(keys / "recovery.pub"))
    fingerprint = gap.here.public("export.pub").fingerprint
    assert gap.there.types(*trust, "--fingerprint", fingerprint)[0] == 0
    return gap


def rotated(gap: Gap, *more: str) -> PublicKey:
    """Rotate the export key here; return the new one."""
    files = ("--recovery", str(gap.paper), "--passphrase-file", str(gap.words))
    told = gap.here.types("key", "rotate", "export", *files, *more)
    assert told[0] == 0, told
    return gap.here.public("export.pub")


@pytest.mark.programs  # for the time that they take
def test_a_key_that_follows_is_trusted_by_the_bundle_that_it_signs(trusting: Gap) -> None:
    """Nobody types a fingerprint again, and the old key counts until it is revoked."""
    old = trusting.here.public("export.pub")
    new = rotated(trusting)
    status, said = trusting.carries()
    shown = trusting.there.types("key", "show")[1]

    assert status == 0
    assert f"key {new.key_id} follows key {old.key_id}, by the word of its owner" in said
    assert f"trusted key {new.key_id}" in shown
    assert "revoked" not in shown


@pytest.mark.programs  # for the time that they take
def test_a_dry_run_learns_nothing(trusting: Gap) -> None:
    """It says what would be learned."""
    new = rotated(trusting)
    trusting.here.types("export", str(trusting.stick), "--passphrase-file", str(trusting.words))
    status, said = trusting.there.types("import", str(trusting.stick), "--dry-run")

    assert status == 0
    assert f"not done, since nothing is changed: key {new.key_id} follows" in said
    assert new.key_id not in trusting.there.types("key", "show")[1]


def test_a_revocation_crosses_the_gap_and_ends_belief(trusting: Gap) -> None:
    """What the thief signs with the old key is refused then, and what came under it is listed."""
    assert trusting.carries()[0] == 0
    stolen = trusting.stick.read_bytes()
    old = trusting.here.public("export.pub")
    rotated(trusting, "--revoke")
    status, said = trusting.carries()
    trusting.stick.write_bytes(stolen)
    refused = trusting.there.types("import", str(trusting.stick))
    listed = trusting.there.types("key", "revoke", old.key_id, "--since", "2020-01-01")
    later = trusting.there.types("key", "revoke", old.key_id, "--since", "2999-01-01")

    assert status == 0
    assert f"key {old.key_id} was revoked by its owner" in said
    assert refused[0] == 4
    assert f"signed by key {old.key_id}, which was revoked here" in refused[1]
    assert f"key {old.key_id} was revoked 2" in listed[1]
    assert "came in under it at 2" in listed[1]
    assert "RPI_PICO-20260406-v1.28.0.uf2" in listed[1]
    assert "nothing came in under it" in later[1]


@pytest.mark.programs  # for the time that they take
def test_a_key_without_a_follower_is_revoked_and_signs_nothing_more(trusting: Gap) -> None:
    """Its owner's word can also be carried as the file that it is."""
    old = trusting.here.public("export.pub")
    told = trusting.here.types("key", "revoke", old.key_id, "--recovery", str(trusting.paper))
    exported = trusting.here.types(
        "export", str(trusting.stick), "--passphrase-file", str(trusting.words)
    )
    word = trusting.here.folder / "keys" / f"revocation-{old.key_id}.json"
    learned = trusting.there.types("key", "trust", str(word))

    assert told[0] == 0
    assert exported[0] == 2
    assert f"key {old.key_id} was revoked" in exported[1]
    assert f"key {old.key_id} was revoked by its owner" in learned[1]
    assert "revoked" in trusting.there.types("key", "show")[1]


@pytest.mark.programs  # for the time that they take
def test_who_revoked_a_key_himself_follows_nobody_for_it(trusting: Gap) -> None:
    """The owner's word counts only where somebody trusts him."""
    old = trusting.here.public("export.pub")
    assert trusting.there.types("key", "revoke", old.key_id)[0] == 0
    new = rotated(trusting)
    status, said = trusting.carries()

    assert status == 4
    assert f"signed by key {new.key_id}, which is not trusted here" in said


@pytest.mark.programs  # for the time that they take
def test_words_of_another_recovery_key_change_nothing(trusting: Gap, tmp_path: Path) -> None:
    """Whoever has the stick may put his own words on it, under the signature of his own key."""
    thief = Person(tmp_path / "c", trusting.here.monkeypatch, trusting.here.capsys)
    (tmp_path / "c").mkdir()
    (trusting.here.folder / "data").rename(tmp_path / "c" / "data")
    (tmp_path / "c" / "keys").mkdir(mode=0o700)
    for name in ("export.key", "export.pub"):
        (trusting.here.folder / "keys" / name).rename(tmp_path / "c" / "keys" / name)
    paper = tmp_path / "his"
    assert thief.types("key", "recovery", "--recovery", str(paper))[0] == 0
    forged = Gap(thief, trusting.there, paper, trusting.words, trusting.stick)
    new = rotated(forged)
    status, said = forged.carries()

    assert status == 4
    assert f"signed by key {new.key_id}, which is not trusted here" in said


def test_a_slip_of_the_recovery_key_changes_nothing(trusting: Gap) -> None:
    """And another recovery key than this node's neither."""
    letters = trusting.paper.read_text()
    trusting.paper.write_text(letters.replace(letters[0], "A" if letters[0] != "A" else "B", 1))
    before = trusting.here.public("export.pub")
    files = ("--recovery", str(trusting.paper), "--passphrase-file", str(trusting.words))
    status, said = trusting.here.types("key", "rotate", "export", *files)

    assert status == 4
    assert "a slip in the recovery key" in said
    assert trusting.here.public("export.pub") == before
