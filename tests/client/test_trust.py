"""Who vouches for a publication: a key that was given, one that was pinned, or nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from mirror.client.memory import Memory
from mirror.client.mirrors import Mirror
from mirror.client.trust import Trust, believe, read_key
from mirror.errors import ConfigurationError, NewLineageError, SignatureRefusedError
from mirror.publication.keys import KEY_PATH
from mirror.publication.statements import Statement, Type
from mirror.transfer.keys.node_keys import NodeSigner
from mirror.upstream.fetch import Fetcher, Politeness, Surroundings
from tests.children import kept_sandbox
from tests.client.room import ESP, PICO, ROOT, mirror_in
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mirror.transfer.keys import PublicKey
    from tests.client.conftest import Typist
    from tests.client.room import MirrorRoom

SWIFT = Politeness(requests_per_second=0, attempts=1, backoff_seconds=0, read_seconds=5)
OURS, OTHER = NodeSigner((key(1),)), NodeSigner((key(2),))


class Meets(Protocol):
    """Meet the mirror in the room, and say why it is believed."""

    async def __call__(self, given: PublicKey | None = None, *, new_lineage: bool = False) -> Trust:
        """Meet it with a *given* key, maybe."""


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[MirrorRoom]:
    """A mirror with one publication that nobody signed yet."""
    async with mirror_in(tmp_path / "mirror") as room:
        await room.publish(PICO)
        yield room


@pytest.fixture
async def meets(room: MirrorRoom, tmp_path: Path) -> AsyncIterator[Meets]:
    """Somebody who remembers what was seen."""
    memory = Memory(tmp_path / "state")
    fetcher = Fetcher(
        room.url,
        user_agent="test",
        node_id="client",
        politeness=SWIFT,
        surroundings=Surroundings(typed=True),
    )
    async with fetcher, kept_sandbox() as sandbox:

        async def meet(given: PublicKey | None = None, *, new_lineage: bool = False) -> Trust:
            publication = await Mirror(fetcher, sandbox).publication()
            return await believe(publication, fetcher, memory, given, new_lineage=new_lineage)

        yield meet


async def test_the_first_key_is_pinned_and_only_it_is_believed_from_then_on(
    room: MirrorRoom, meets: Meets
) -> None:
    """Neither another key nor no signature at all; with both signatures, either reader is fine."""
    await room.sign(OURS)
    first = await meets()
    again = await meets()
    await room.publish(PICO, ESP)
    with pytest.raises(SignatureRefusedError, match="is not signed by key"):
        await meets()
    await room.sign(OTHER)
    with pytest.raises(SignatureRefusedError, match="is not signed by key"):
        await meets()
    await room.sign(NodeSigner((key(2), key(1))))
    overlap = await meets()

    assert "pinned now, at the first use" in first.words
    assert key(1).public.fingerprint in first.words
    assert again.words == f"signed by key {OURS.key_id}, pinned at the first use of this mirror"
    assert overlap.key == OURS.key_id


async def test_who_does_not_sign_is_believed_as_far_as_the_way_and_may_begin_to(
    room: MirrorRoom, meets: Meets
) -> None:
    """It is said; from the first signature on there is no way back."""
    unsigned = await meets()
    await room.sign(OURS)
    signed = await meets()

    assert unsigned == Trust(f"not signed: {room.url} is believed as far as this network is")
    assert "pinned now" in signed.words


async def test_a_key_that_was_given_must_have_signed(room: MirrorRoom, meets: Meets) -> None:
    """Whatever key the mirror shows; afterwards it is the pinned one."""
    with pytest.raises(SignatureRefusedError, match="given with --key"):
        await meets(key(1).public)
    await room.sign(OTHER)
    with pytest.raises(SignatureRefusedError, match="given with --key"):
        await meets(key(1).public)
    await room.sign(OURS)
    given = await meets(key(1).public)
    later = await meets()

    assert given.words == f"signed by key {OURS.key_id}, given with --key"
    assert later.key == OURS.key_id


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "e" * 32},
        {"sequence": 7},
        {"channel": "lab-stable"},
        {"type": Type.CONTENT},
    ],
    ids=str,
)
async def test_a_signature_about_something_else_counts_for_nothing(
    room: MirrorRoom, meets: Meets, changes: dict[str, object]
) -> None:
    await room.sign(OURS, **changes)

    with pytest.raises(SignatureRefusedError):
        await meets(key(1).public)


async def test_other_bytes_than_the_signed_ones_are_refused(room: MirrorRoom, meets: Meets) -> None:
    """A root that was changed on the way, with a signature and a key that are right."""
    await room.sign(OURS)
    room.forged[ROOT] = await room.root(published="2030-01-01T00:00:00Z")

    with pytest.raises(SignatureRefusedError, match="other bytes than those"):
        await meets()


async def test_a_signature_without_a_key_to_check_it_is_none(
    room: MirrorRoom, meets: Meets
) -> None:
    await room.sign(OURS)
    del room.forged[KEY_PATH]

    assert (await meets()).words.startswith("not signed")


async def test_a_mirror_that_began_anew_is_met_for_the_first_time(
    room: MirrorRoom, meets: Meets
) -> None:
    """When somebody says that it is meant: its new key is pinned, and said."""
    await room.sign(OURS)
    await meets()
    room.forged[ROOT] = anew = await room.root(lineage="e" * 32)
    with pytest.raises(NewLineageError):
        await meets()
    signature = OTHER.sign(anew, Statement(Type.PUBLICATION, "e" * 32, 1))[OTHER.key_id]
    room.forged["/v1/publications/1/root.json.minisig"] = signature.encode()
    room.forged[KEY_PATH] = OTHER.public_key.encode()

    assert "pinned now" in (await meets(new_lineage=True)).words
    assert (await meets()).key == OTHER.key_id


async def test_the_command_says_why_and_takes_a_key_as_file_or_line(
    typist: Typist, tmp_path: Path
) -> None:
    await typist.room.sign(OURS)
    file = tmp_path / "lab.pub"
    file.write_text(key(1).public.text)

    by_file = await typist.gets("RPI_PICO_W", "--key", str(file))
    by_other = await typist.gets("RPI_PICO_W", "--key", key(2).public.line)

    assert by_file.document[0]["trust"] == f"signed by key {OURS.key_id}, given with --key"
    assert by_other.status == 4
    assert f"is not signed by key {OTHER.key_id}" in by_other.err


def test_what_is_no_key_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "x.pub").write_text("no key")

    for text in ("no such file", str(tmp_path / "x.pub")):
        with pytest.raises(ConfigurationError, match="--key"):
            read_key(text)
    assert read_key(key(1).public.line) == key(1).public
