"""A pinned key that was rotated is followed by the word of the recovery key, and of nobody else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from mirror.catalog.values import Digest
from mirror.client.following import chain
from mirror.errors import KeyRefusedError, SignatureRefusedError
from mirror.publication.documents import LocalDocument, decode_publication
from mirror.publication.keys import KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH
from mirror.publication.local.dialect import TEXT
from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.certificates import (
    Certificate,
    Revocation,
    Rotation,
    Word,
    encode_certificates,
    encode_word,
    read_words,
    statement_of,
)
from mirror.transfer.keys.node_keys import NodeSigner
from tests.client.room import ROOT
from tests.client.test_trust import Meets, meets, room
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from tests.client.room import MirrorRoom

__all__ = ["meets", "room"]

RECOVERY, THIEF = key(8), key(9)


def certificate(
    old: int, new: int, lineage: str, *, by: int = 8, revoked: bool = False, year: int = 2027
) -> Certificate:
    """Return what key *by*, the recovery key unless another is named, says of two keys."""
    rotation = Rotation(
        lineage=lineage,
        old=key(old).public.line,
        new=key(new).public.line,
        time=f"{year}-01-01T00:00:00Z",
        revoked=revoked,
    )
    return signed(rotation, by)


def signed(word: Word, by: int = 8) -> Certificate:
    """Return *word*, signed by key *by*."""
    document = encode_word(word)
    return Certificate(document.decode(), key(by).sign(document, statement_of(word)).text)


async def lineage_of(room: MirrorRoom) -> str:
    """Return the lineage of the mirror."""
    return decode_publication(await room.root()).lineage


async def show(room: MirrorRoom, sequence: int, signer: NodeSigner) -> None:
    """Have the mirror publish anew, signed by *signer*, with what that says of its keys."""
    papers = signer.papers
    named = {
        path: LocalDocument(Digest.of(text.encode()), TEXT, len(text))
        for path, text in papers.items()
    }
    data = await room.root(sequence=sequence, documents=named)
    said = Statement(Type.PUBLICATION, decode_publication(data).lineage, sequence)
    signatures = signer.sign(data, said)

    async def signature(request: web.Request) -> web.StreamResponse:
        wanted = request.query.get("key", signer.key_id)
        if wanted not in signatures:
            raise web.HTTPNotFound
        return web.Response(text=signatures[wanted])

    for path in (KEY_PATH, RECOVERY_PATH, ROTATIONS_PATH):
        room.forged.pop(path, None)
    room.forged |= {path: text.encode() for path, text in papers.items()}
    room.forged[ROOT] = data
    room.forged[f"/v1/publications/{sequence}/root.json.minisig"] = signature


async def test_a_rotated_key_is_followed_and_that_is_said(room: MirrorRoom, meets: Meets) -> None:
    """While both keys sign, or long after the old one is gone: the new one is pinned then."""
    lineage = await lineage_of(room)
    await show(room, 2, NodeSigner((key(1),), RECOVERY.public))
    first = await meets()
    once, twice = certificate(1, 2, lineage), certificate(2, 3, lineage, year=2028)
    await show(room, 3, NodeSigner((key(2), key(1)), RECOVERY.public, (once,)))
    overlap = await meets()
    again = await meets()
    await show(room, 4, NodeSigner((key(3),), RECOVERY.public, (twice, once)))
    later = await meets()

    assert first.key == key(1).key_id
    assert overlap.words == (
        f"signed by key {key(2).key_id}, which follows key {key(1).key_id}, pinned until now, by "
        "the word of the mirror's recovery key"
    )
    assert again.words == f"signed by key {key(2).key_id}, pinned at the first use of this mirror"
    assert later.key == key(3).key_id


@pytest.mark.parametrize(
    ("recovery", "by"),
    [(8, 9), (9, 9), (8, 2), (8, 1)],
    ids=["another's word", "another recovery key too", "the new key's own word", "the old key's"],
)
async def test_a_forged_rotation_is_not_followed(
    room: MirrorRoom, meets: Meets, recovery: int, by: int
) -> None:
    """Whoever took the mirror over, and whatever recovery key he shows by now."""
    await show(room, 2, NodeSigner((key(1),), RECOVERY.public))
    await meets()
    forged = certificate(1, 2, await lineage_of(room), by=by)
    await show(room, 3, NodeSigner((key(2),), key(recovery).public, (forged,)))

    with pytest.raises(SignatureRefusedError, match=f"not signed by key {key(1).key_id}"):
        await meets()


async def test_a_key_that_was_revoked_counts_no_more(room: MirrorRoom, meets: Meets) -> None:
    lineage = await lineage_of(room)
    await show(room, 2, NodeSigner((key(1),), RECOVERY.public))
    await meets()
    revoked = certificate(1, 2, lineage, revoked=True)
    await show(room, 3, NodeSigner((key(1),), RECOVERY.public, (revoked,)))

    with pytest.raises(SignatureRefusedError, match=f"not signed by key {key(2).key_id}"):
        await meets()


async def test_a_key_that_was_revoked_and_has_no_follower_is_not_believed(
    room: MirrorRoom, meets: Meets
) -> None:
    """Nor is the mirror met as if it were the first time."""
    await show(room, 2, NodeSigner((key(1),), RECOVERY.public))
    await meets()
    word = Revocation(
        lineage=await lineage_of(room), key=key(1).public.line, time="2027-01-01T00:00:00Z"
    )
    await show(room, 3, NodeSigner((key(1),), RECOVERY.public, (signed(word),)))

    with pytest.raises(SignatureRefusedError, match=r"was revoked by the mirror's recovery key"):
        await meets()


async def test_without_a_recovery_key_that_was_known_before_nothing_is_followed(
    room: MirrorRoom, meets: Meets
) -> None:
    """One that comes with the rotation could be anybody's."""
    await show(room, 2, NodeSigner((key(1),)))
    await meets()
    rotated = certificate(1, 2, await lineage_of(room))
    await show(room, 3, NodeSigner((key(2),), RECOVERY.public, (rotated,)))
    with pytest.raises(SignatureRefusedError):
        await meets()
    await show(room, 3, NodeSigner((key(1),), RECOVERY.public))
    await meets()
    await show(room, 4, NodeSigner((key(2),), RECOVERY.public, (rotated,)))

    assert (await meets()).key == key(2).key_id


def test_rotations_are_read_as_they_were_written_and_those_of_others_are_left_out() -> None:
    ours, theirs = "a" * 32, "b" * 32
    text = encode_certificates(
        [
            certificate(2, 3, ours, year=2029),
            certificate(1, 2, ours),
            certificate(1, 4, theirs),
            certificate(1, 5, ours, by=9),
        ]
    ).encode()

    found = read_words(text, RECOVERY.public, ours)

    assert [one.new for one in found if isinstance(one, Rotation)] == [
        key(2).public.line,
        key(3).public.line,
    ]
    assert chain(key(1).public, found) == (key(3).public, key(2).public, key(1).public)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"a\nb\n", b"\n" * 5 * 33, b"x" * 70_000, b"{}\n\n\n\n\nmore"]
)
def test_what_is_no_text_of_rotations_is_refused(text: bytes) -> None:
    """Or is one that says nothing."""
    with contextlib.suppress(KeyRefusedError):
        assert read_words(text, RECOVERY.public, "a" * 32) == ()


def test_keys_that_follow_one_another_in_a_circle_end() -> None:
    ours = "a" * 32
    text = encode_certificates([certificate(1, 2, ours), certificate(2, 1, ours)]).encode()
    found = read_words(text, RECOVERY.public, ours)

    assert chain(key(1).public, found) == (key(2).public, key(1).public)
