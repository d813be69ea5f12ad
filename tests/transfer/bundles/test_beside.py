"""Packages and photographs cross the gap with the firmware, whole, and only what is new."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mirror.catalog.values import Digest
from mirror.errors import RefusedError
from mirror.publication.bundle import PLAIN, Piece
from mirror.publication.documents import decode_content
from mirror.transfer.bundles.exporting import Request, plan_export
from mirror.transfer.have import prefixes_of
from mirror.transfer.holding import is_whole
from mirror.transfer.keys import Signature, Type, verify_statement
from mirror.upkeep.check import check
from tests.replica import Replica
from tests.sync.mirrors import served
from tests.sync.node import WISHES, TestNode
from tests.sync.test_packages import tree_at
from tests.transfer.bundles.forging import Parts
from tests.transfer.bundles.gap import (
    Seal,
    exported,
    footprint,
    imported,
    receiver_at,
    sender_at,
)
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@dataclass
class Gap:
    """A site with packages and photographs, a node that mirrors it, and one on the far side."""

    replica: Replica
    here: TestNode
    there: TestNode
    folder: Path

    async def carry(self, **wanted: Any) -> Any:  # noqa: ANN401 - fields of a request
        """Export here, import there, and return what that did."""
        return await imported(self.there, self.folder, await exported(self.here, **wanted))


@asynccontextmanager
async def gap(folder: Path, *, photographs: bool = False) -> AsyncIterator[Gap]:
    """Have all of them, the packages always; the first is synced."""
    replica = Replica.of("RPI_PICO", "OLIMEX_ESP32_EVB")  # the photographs of both endings
    for board in ("RPI_PICO", "OLIMEX_ESP32_EVB"):
        replica.release(board, "v1.28.0", date="2026-04-06")
    async with (
        replica.running() as url,
        sender_at(folder / "a", url) as here,
        receiver_at(folder / "b") as there,
    ):
        here.wishes = replace(WISHES, packages=("*",), photographs=photographs)
        await here.sync()
        yield Gap(replica, here, there, folder / "b")


async def content_of(node: TestNode) -> Any:  # noqa: ANN401 - a content
    """Return the content that is current."""
    return decode_content(await node.read((await node.root()).content))


async def prove_sound(node: TestNode) -> None:
    """Every byte that is published is held, and is what it was."""
    report = await check(node.store, lambda _done, _total: None)
    assert report.damages == ()
    assert await is_whole(node.store, (await node.root()).content)


async def test_all_of_a_content_crosses_and_stays_its_makers(tmp_path: Path) -> None:
    """Packages are served there as upstream has them; the maker's signature holds.

    Importing it again changes nothing.
    """
    async with gap(tmp_path, photographs=True) as two:
        done = await two.carry()
        ours = await two.there.root()
        signatures = await two.there.store.signatures.of(ours.content)
        signed = Signature.parse(signatures[key(7).key_id])
        data = await two.there.read(ours.content)
        said = verify_statement(data, signed, [key(7).public], Type.CONTENT)
        async with served(two.there) as at:
            tree = await tree_at(at, list(two.replica.packages.tree))

        assert not done.committed.derived
        assert done.manifest.subtrees == ("packages", "photographs")
        assert said.origin == two.here.store.node.lineage
        assert ours.content == (await two.here.root()).content
        assert tree == two.replica.packages.tree
        assert {one.path.split("/")[1] for one in done.brought} == {"pi", "resources"}
        await prove_sound(two.there)
        before = footprint(two.folder)
        again = await two.carry()

        assert (again.committed.sequence, again.brought) == (None, ())
        assert footprint(two.folder) == before


async def test_a_delta_has_only_the_new_files_of_packages(tmp_path: Path) -> None:
    """A new version of one package: its documents and files, and no photograph again."""
    async with gap(tmp_path) as two:
        await two.carry()
        base = (await two.here.root()).content
        known = {Digest.of(data) for data in two.replica.packages.tree.values()}
        two.replica.packages.release("blink", "0.2.0")
        two.here.sleep(days=1)
        await two.here.sync()
        done = await two.carry(base=base)

        new = {Digest.of(data) for data in two.replica.packages.tree.values()} - known
        assert {one.digest for one in done.manifest.blobs} == new
        assert not done.committed.derived
        await prove_sound(two.there)


async def test_some_boards_alone_leave_the_rest_and_say_what_that_means(tmp_path: Path) -> None:
    """There the content is the receiver's own; what it had of packages stays."""
    async with gap(tmp_path) as two:
        await two.carry()
        before = await content_of(two.there)
        two.replica.release("RPI_PICO", "v1.29.0", date="2026-05-06")
        two.replica.packages.release("blink", "0.2.0")
        two.here.sleep(days=1)
        await two.here.sync()
        request = Request(boards=("RPI*",), base=None)
        export = await plan_export(two.here.store, Seal(), request)
        done = await two.carry(boards=("RPI*",))
        after = await content_of(two.there)

        assert export.manifest.format == PLAIN
        assert "the other boards, packages stay behind" in export.left[0]
        assert "its own signature" in export.left[0]
        assert done.committed.derived
        assert after.packages == before.packages
        assert "RPI_PICO-20260506-v1.29.0.uf2" in await two.there.files()
        await prove_sound(two.there)


def as_before(bundle: bytes) -> bytes:
    """Return *bundle* as it was made before packages and photographs travelled."""
    parts = Parts.of(bundle)
    one = parts.manifest
    boards = set(decode_content(parts.bytes_of[one.content]).boards.values())
    named = b"".join(parts.bytes_of[digest.hex] for digest in boards)
    manifest = replace(
        one,
        format=PLAIN,
        subtrees=(),
        documents=tuple(x for x in one.documents if x.digest in boards or x.sha256 == one.content),
        blobs=tuple(x for x in one.blobs if x.sha256.encode() in named),
    )
    return replace(parts, manifest=manifest).sealed()


async def test_a_bundle_of_before_is_read_and_what_it_lacks_can_follow(tmp_path: Path) -> None:
    """It has no packages: the have-list says so, and the next bundle brings just them."""
    async with gap(tmp_path) as two:
        bundle = await exported(two.here)
        old = as_before(bundle)
        first = await imported(two.there, two.folder, old)
        content = (await two.here.root()).content
        known = await is_whole(two.there.store, content)
        held = prefixes_of([digest async for digest in two.there.store.blobs.digests()])
        second = await two.carry(held=lambda digest: bytes.fromhex(digest.hex[:16]) in held)

        assert b'"subtrees"' not in old
        assert first.committed is not None
        assert first.committed.derived
        assert not known
        assert not second.committed.derived
        assert not {one.name for one in second.judged if one.new}
        assert len(second.brought) > 5
        assert (await two.there.root()).content == content
        await prove_sound(two.there)


async def test_photographs_that_are_not_whole_never_hold_back_firmware(tmp_path: Path) -> None:
    """They stay behind, by name; the packages travel."""
    async with gap(tmp_path, photographs=True) as two:
        top = (await content_of(two.here)).photographs
        await two.here.store.blobs.remove(top)
        export = await plan_export(two.here.store, Seal(), Request())
        done = await two.carry()
        content = await content_of(two.there)

        assert export.manifest.subtrees == ("packages",)
        assert export.left[0].startswith(f"the photographs stay behind (no blob {top}")
        assert done.committed.derived
        assert content.packages is not None
        assert content.photographs is None
        assert await two.there.files() == await two.here.files()


# --- hostile ones, signed by somebody who is trusted ---------------------------------------------


@dataclass(frozen=True)
class Forger:
    """Changes the packages and photographs of a bundle."""

    parts: Parts

    def document(self, kind: str, *, having: str = "") -> str:
        """Return the digest of a document of this type."""
        return next(
            piece.sha256
            for piece in self.parts.manifest.documents
            if f'"type":"mpmirror.{kind}"'.encode() in self.parts.bytes_of[piece.sha256]
            and having.encode() in self.parts.bytes_of[piece.sha256]
        )

    def changed(self, kind: str, change: Callable[[Any], object], *, having: str = "") -> bytes:
        """Change a document, and every digest above it."""

        def apply(document: Any) -> Any:  # noqa: ANN401 - JSON
            change(document)
            return document

        return self.parts.with_document(self.document(kind, having=having), apply).sealed()

    def swapped(self, beginning: bytes, change: Callable[[bytes], bytes]) -> bytes:
        """Change the first file that begins so, and every digest above it."""
        old = next(
            piece.sha256
            for piece in self.parts.manifest.blobs
            if self.parts.bytes_of[piece.sha256].startswith(beginning)
        )
        return self.parts.with_bytes(old, change(self.parts.bytes_of[old])).sealed()

    def renamed_file(self) -> bytes:
        """Have a package's file stand under the digits of another."""

        def change(document: Any) -> None:  # noqa: ANN401 - JSON
            document["files"]["0" * 8] = document["files"].popitem()[1]

        return self.changed("package", change, having='"name":"blink"')

    def without_blob(self) -> bytes:
        """Leave a picture out."""
        one = self.parts.manifest
        pictures = [x for x in one.blobs if self.parts.bytes_of[x.sha256][1:4] == b"PNG"]
        blobs = tuple(piece for piece in one.blobs if piece != pictures[0])
        return replace(self.parts, manifest=replace(one, blobs=blobs)).sealed()

    def extra(self) -> bytes:
        """Bring what nobody names."""
        data = b"what is this"
        piece = Piece(Digest.of(data).hex, len(data))
        one = self.parts.manifest
        blobs = tuple(sorted((*one.blobs, piece), key=lambda x: x.sha256))
        bytes_of = {**self.parts.bytes_of, piece.sha256: data}
        return Parts(replace(one, blobs=blobs), bytes_of).sealed()

    def without_document(self) -> bytes:
        """Leave the top of the photographs out."""
        one, top = self.parts.manifest, self.document("photographs")
        documents = tuple(piece for piece in one.documents if piece.sha256 != top)
        return replace(self.parts, manifest=replace(one, documents=documents)).sealed()

    def saying(self, **changes: Any) -> bytes:  # noqa: ANN401 - fields of a manifest
        """Change the manifest."""
        return replace(self.parts, manifest=replace(self.parts.manifest, **changes)).sealed()


def first_photograph(document: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the first photograph of the document."""
    return next(iter(next(iter(document["boards"].values())).values()))


def hostile(parts: Parts) -> Iterator[tuple[str, str, bytes]]:
    """Give each way, what the refusal says, and the bundle."""
    forger = Forger(parts)
    png, jpeg = b"\x89PNG", b"\xff\xd8"
    yield "a tail", "does not end", forger.swapped(png, lambda x: x + b"<script>")
    yield "no picture", "neither PNG nor JPEG", forger.swapped(png, lambda _: b"<html>")
    yield (
        "a cut picture",
        "does not end|no picture",
        forger.swapped(png, lambda x: x[: len(x) // 2] + x[-12:]),
    )
    yield (
        "a text in a picture",
        "no mirror draws",
        forger.swapped(png, lambda x: x[:33] + b"\0\0\0\1tEXta\0\0\0\0" + x[33:]),
    )
    yield (
        "a comment",
        "no mirror draws",
        forger.swapped(jpeg, lambda x: x[:20] + b"\xff\xfe\0\4ab" + x[20:]),
    )
    yield (
        "another size of a picture",
        "another picture",
        forger.changed(
            "photographs", lambda x: first_photograph(x)["whole"].__setitem__("width", 77)
        ),
    )
    yield (
        "a path for a photograph",
        "1 faults",
        forger.changed("photographs", lambda x: x["boards"].update({"../x": {}})),
    )
    yield (
        "a critical field",
        "newer mpmirror",
        forger.changed("photographs", lambda x: x.update(critical=["x"])),
    )
    yield (
        "another type",
        "newer mpmirror",
        forger.changed("packages", lambda x: x.update(type="mpmirror.x")),
    )
    yield (
        "a package called otherwise",
        "called otherwise",
        forger.changed("packages", lambda x: x["packages"].update(other=x["packages"]["blink"])),
    )
    yield (
        "an index with what is not there",
        "lists of",
        forger.changed(
            "package", lambda x: x["documents"]["6"].pop("0.1.0"), having='"name":"blink"'
        ),
    )
    yield "a file under other digits", "does not begin with", forger.renamed_file()
    yield (
        "a package without its files",
        "is not among the packages",
        forger.swapped(b'{"v":1,"hashes":[["blink.mpy","', lambda x: x[:31] + b"0" * 8 + x[39:]),
    )
    yield (
        "an index of lies",
        "not the name of a package",
        forger.swapped(b'{"v":2', lambda x: x.replace(b'"name":"blink"', b'"name":"../b"')),
    )
    yield (
        "a package from elsewhere",
        "urls",
        forger.swapped(b'{"v":1', lambda x: x[:-1] + b',"urls":[["a","http://x/"]]}'),
    )
    yield (
        "an entry on two lines",
        "a text that no index gives",
        forger.changed(
            "package", lambda x: x["entry"].update(author="a\nb"), having='"name":"blink"'
        ),
    )
    yield "a missing picture", "neither in the bundle", forger.without_blob()
    yield "a missing document", "neither in the bundle", forger.without_document()
    yield "what nobody names", "none of its documents names", forger.extra()
    yield "a subtree twice", "twice", forger.saying(subtrees=("packages", "packages"))
    yield "of an older format", "not in canonical form|brings", forger.saying(format=PLAIN)
    yield "an unknown subtree", "not that of a bundle", forger.saying(subtrees=("films",))


async def test_hostile_packages_and_photographs_are_refused(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Each in one sentence; the data are the same to the byte after it."""
    async with gap(tmp_path, photographs=True) as two:
        parts = Parts.of(await exported(two.here))
        before = footprint(two.folder)
        ways = list(hostile(parts))
        for way, sentence, bundle in ways:
            with pytest.raises(RefusedError, match=sentence) as caught:
                await imported(two.there, two.folder, bundle)
            assert "\n" not in str(caught.value), way
            assert footprint(two.folder) == before, way

        tell(f"hostile packages and photographs refused: {len(ways)}")
        assert (await imported(two.there, two.folder, parts.sealed())).committed is not None
