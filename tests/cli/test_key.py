"""A node's key is rotated on its own machine, and clients are told by whose word."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mirror.cli import main
from mirror.client.following import chain
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.storage.disk import Disk
from mirror.storage.files import Files
from mirror.transfer.keys import PublicKey
from mirror.transfer.keys.certificates import read_words
from mirror.transfer.keys.node_keys import NodeSigner, find_or_make_signer
from tests.web.building import opened

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def signer_in(keys: Path) -> NodeSigner:
    """Return who signs with the keys in *keys*, as at a start."""
    return find_or_make_signer(keys, Files(Disk()), os.urandom)


def test_a_rotation_is_told_to_clients_with_the_word_of_the_recovery_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once and once more: who pinned the first key comes to the third."""
    data, keys, paper = tmp_path / "data", tmp_path / "keys", tmp_path / "paper"
    monkeypatch.setenv("MPMIRROR_DATA_DIR", str(data))
    monkeypatch.setenv("MPMIRROR_KEYS_DIR", str(keys))
    lineage = opened(data).node.lineage
    first = signer_in(keys)
    assert main(["key", "recovery"]) == 0
    paper.write_text(capsys.readouterr().out.splitlines()[1].strip())
    paper.chmod(0o600)
    before = signer_in(keys).papers
    for _ in range(2):
        assert main(["key", "rotate", "--recovery", str(paper)]) == 0
    after = signer_in(keys)
    papers = after.papers
    recovery = PublicKey.parse(papers[RECOVERY_PATH])
    rotations = read_words(papers[ROTATIONS_PATH].encode(), recovery, lineage)

    assert ROTATIONS_PATH not in before
    assert before[RECOVERY_PATH] == papers[RECOVERY_PATH]
    followed = chain(PublicKey.parse(first.public_key), rotations)
    assert followed[0].text == papers[KEY_PATH]
    assert [key.key_id for key in after.keys] == [key.key_id for key in followed[:2]]
    assert len(followed) == 3
