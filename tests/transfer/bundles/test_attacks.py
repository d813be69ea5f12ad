"""Hostile bundles: each is refused in one sentence with status 4, and nothing is changed."""

from __future__ import annotations

import gzip
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mirror.errors import RefusedError
from mirror.publication.bundle import FORMAT, PLAIN, Piece
from mirror.publication.statements import Statement, Type
from tests.transfer.bundles.forging import Parts, members, renamed
from tests.transfer.bundles.gap import exported, footprint, imported, receiver_at, sender_at, site
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.sync.node import TestNode

BOARD = "RPI_PICO"


@pytest.fixture
async def bundle(tmp_path: Path) -> bytes:
    """A bundle that would be taken."""
    async with site().running() as url, sender_at(tmp_path / "a", url) as here:
        await here.sync()
        return await exported(here)


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[TestNode]:
    """The far side."""
    async with receiver_at(tmp_path / "b") as node:
        yield node


def unsigned_changes(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what somebody without the key can do to a stick."""
    parts = members(bundle)
    manifest, signature, sums, first, second, *rest = parts
    end = rest[-1]
    for share in range(1, 12):
        yield f"cut at {share}/12", bundle[: len(bundle) * share // 12]
    yield "cut before its end", bundle[: -len(end)]
    yield "cut in its end", bundle[:-1]
    yield "empty", b""
    yield "something behind", bundle + b"x"
    yield "a block behind", bundle + bytes(512)
    yield "without a signature", b"".join([manifest, sums, first, second, *rest])
    yield "without sums", b"".join([manifest, signature, first, second, *rest])
    yield "signature first", b"".join([signature, manifest, sums, first, second, *rest])
    yield "documents in another order", b"".join([manifest, signature, sums, second, first, *rest])
    yield "a document twice", b"".join([manifest, signature, sums, first, first, second, *rest])
    yield "a document left out", b"".join([manifest, signature, sums, first, *rest])
    yield "a file left out", b"".join([*parts[:-2], end])
    yield "two files swapped", b"".join([*parts[:-3], parts[-2], parts[-3], end])
    for name in ("../x", "/etc/passwd", "documents/../x", "a//b", "DOCUMENTS/x", "", "x" * 100):
        yield (
            f"named {name!r}",
            b"".join([manifest, signature, sums, renamed(first, name), second, *rest]),
        )
    for kind, word in (
        (b"1", "hard link"),
        (b"2", "link"),
        (b"3", "device"),
        (b"5", "folder"),
        (b"6", "pipe"),
        (b"L", "long name"),
        (b"x", "extension"),
        (b"\0", "old"),
    ):
        changed = renamed(first, first[:100].rstrip(b"\0").decode(), kind, "/etc/passwd")
        yield f"a {word}", b"".join([manifest, signature, sums, changed, second, *rest])
    padded = bytearray(bundle)
    place = len(manifest) - 1
    padded[place] ^= 1
    yield "something in a padding", bytes(padded)


def signed_changes(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what somebody with a trusted key could try."""
    parts = Parts.of(bundle)
    one = parts.manifest
    blob = one.blobs[0]

    def told(**changes: Any) -> bytes:  # noqa: ANN401 - fields of a manifest
        return replace(parts, manifest=replace(one, **changes)).sealed()

    yield "another key", parts.sealed(key(2))
    for other in Type:
        if other is not Type.BUNDLE:
            said = Statement(other, one.lineage, one.sequence)
            yield f"signed as {other}", parts.sealed(said=said)
    yield (
        "signed as another sequence",
        parts.sealed(said=Statement(Type.BUNDLE, one.lineage, one.sequence + 1)),
    )
    yield (
        "signed as another origin",
        parts.sealed(said=Statement(Type.BUNDLE, "0" * 32, one.sequence)),
    )
    yield (
        "signed as another channel",
        parts.sealed(said=Statement(Type.BUNDLE, one.lineage, one.sequence, "lab")),
    )
    yield "of a newer format", told(format=3)
    yield "critical", told(critical=("new-rule",))
    yield "of another type", told(type="mpmirror.content")
    yield "no manifest", parts.sealed(manifest=b"{}")
    yield "no JSON", parts.sealed(manifest=b"\xff\xfe")
    yield "deep", parts.sealed(manifest=b"[" * 100_000)
    yield "not canonical", parts.sealed(manifest=b" " + members(bundle)[0][512:600])
    yield "a piece twice", told(blobs=(blob, *one.blobs))
    yield "out of order", told(blobs=one.blobs[::-1])
    yield "a size too large", told(blobs=(replace(blob, size=blob.size + 1), *one.blobs[1:]))
    yield "a size too small", told(blobs=(replace(blob, size=blob.size - 1), *one.blobs[1:]))
    yield "a negative size", told(blobs=(replace(blob, size=-1), *one.blobs[1:]))
    yield "larger than the disk", told(blobs=(replace(blob, size=(1 << 40) - 1), *one.blobs[1:]))
    yield "null", parts.sealed(manifest=b"null")
    yield "another content", told(content="0" * 64)
    yield "of a board that is not there", told(boards=("NOBODY",))
    yield "with a file missing", told(blobs=one.blobs[1:])
    yield "with a document missing", told(documents=one.documents[:-1])
    yield "with the files of others", told(boards=(BOARD,))
    yield from changed_words(parts)
    yield from packed_otherwise(parts)


def packed_otherwise(parts: Parts) -> Iterator[tuple[str, bytes]]:
    """Give what could be tried with documents that travel compressed."""
    documents = [parts.bytes_of[piece.sha256] for piece in parts.manifest.documents]
    sound = [gzip.compress(document) for document in documents]
    bomb = gzip.compress(bytes(200_000_000))

    yield "unpacked it has 200 MB", parts.packed([bomb, *sound[1:]])
    yield "packed another", parts.packed([sound[1], sound[1], *sound[2:]])
    yield "packed nothing", parts.packed([b"plain", *sound[1:]])
    yield "packed and cut", parts.packed([sound[0][:-4], *sound[1:]])
    yield "packed, and more behind it", parts.packed([sound[0] + b"x", *sound[1:]])
    yield "packed twice", parts.packed([gzip.compress(sound[0]), *sound[1:]])
    yield "packed one too few", parts.packed(sound[:-1])


def changed_words(parts: Parts) -> Iterator[tuple[str, bytes]]:
    """Give what could be tried with the words of a recovery key."""
    words, others = b"five\nlines\nof\none\nword\n", b"five\nlines\nof\nother\nwords\n"
    named = replace(parts.manifest, certificates=Piece.of(words), format=FORMAT)

    yield "words that nobody names", replace(parts, certificates=words).sealed()
    yield "words taken away", replace(parts, manifest=named).sealed()
    yield "other words", replace(parts, manifest=named, certificates=others).sealed()
    yield "words of 70 kB", replace(parts, manifest=named, certificates=words * 3000).sealed()
    plain = replace(named, format=PLAIN, subtrees=())
    yield "words in format 1", replace(parts, manifest=plain, certificates=words).sealed()


def changed_trees(bundle: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what somebody with a trusted key could put into the tree itself."""
    parts = Parts.of(bundle)
    blob, board, content = parts.manifest.blobs[0], parts.board(BOARD), parts.manifest.content
    yield "zeros for a file", parts.with_bytes(blob.sha256, bytes(blob.size)).sealed()
    yield "text for a file", parts.with_bytes(blob.sha256, b"<html>404</html>").sealed()
    yield "a content of garbage", parts.with_bytes(content, b"garbage").sealed()
    yield (
        "a content of another type",
        parts.with_document(content, lambda x: x | {"type": "x"}).sealed(),
    )
    yield (
        "a critical content",
        parts.with_document(content, lambda x: x | {"critical": ["x"]}).sealed(),
    )
    yield (
        "a content with an odd board",
        parts.with_document(
            content, lambda x: x | {"boards": {"../x": next(iter(x["boards"].values()))}}
        ).sealed(),
    )
    yield "a board of garbage", parts.with_bytes(board, b"[]").sealed()
    yield (
        "a board under another's id",
        parts.with_document(board, lambda x: x | {"board": "X"}).sealed(),
    )
    yield "a critical board", parts.with_document(board, lambda x: x | {"critical": ["x"]}).sealed()
    yield (
        "a board with odd text",
        parts.with_document(board, lambda x: x | {"product": "\x1b[31mred"}).sealed(),
    )
    yield (
        "a file's name that climbs",
        parts.with_document(board, lambda x: with_name(x, "../x.uf2")).sealed(),
    )
    yield (
        "a file's name of another",
        parts.with_document(board, lambda x: with_name(x, "RPI_PICO-20200101-v1.0.uf2")).sealed(),
    )


def with_name(board: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    """Give the first file of a board document another name."""
    board["releases"][0]["files"][0]["name"] = name
    return board


async def refused(node: TestNode, folder: Path, bundle: bytes) -> str:
    """Return the sentence with which *bundle* is refused; fail when it is not."""
    with pytest.raises(RefusedError) as caught:
        await imported(node, folder, bundle)
    assert caught.value.exit_status == 4
    return str(caught.value)


async def test_hostile_bundles_are_refused_and_change_nothing(
    tmp_path: Path,
    bundle: bytes,
    there: TestNode,
    tell: Any,  # noqa: ANN401 - a fixture
) -> None:
    """At least sixty ways; after each the data are the same to the byte."""
    before = footprint(tmp_path / "b")
    said: dict[str, str] = {}
    attacks = [*unsigned_changes(bundle), *signed_changes(bundle), *changed_trees(bundle)]
    for way, hostile in attacks:
        said[way] = await refused(there, tmp_path / "b", hostile)
        assert footprint(tmp_path / "b") == before, way
        assert "\n" not in said[way]

    tell(f"hostile bundles refused: {len(said)}")
    assert len(said) >= 60
    assert await there.store.publications.current() is None
    # The one that was not changed is still taken.
    assert (await imported(there, tmp_path / "b", bundle)).committed is not None


async def test_no_byte_of_a_bundle_may_differ(
    tmp_path: Path, bundle: bytes, there: TestNode
) -> None:
    """One bit in every seventh byte of the head, and in fifty bytes of the body."""
    head = sum(len(one) for one in members(bundle)[:3])
    chance = random.Random(5)  # noqa: S311 - a sample
    places = [*range(0, head, 7), *(chance.randrange(head, len(bundle)) for _ in range(50))]
    before = footprint(tmp_path / "b")
    for place in places:
        hostile = bytearray(bundle)
        hostile[place] ^= 1 << chance.randrange(8)
        if not in_untrusted_comment(bundle, place):
            await refused(there, tmp_path / "b", bytes(hostile))

    assert footprint(tmp_path / "b") == before


def in_untrusted_comment(bundle: bytes, place: int) -> bool:
    """Whether *place* is in the one line that nobody signs, behind its fixed beginning."""
    start = bundle.index(b"untrusted comment: ") + len(b"untrusted comment: ")
    return start <= place < bundle.index(b"\n", start)
