"""Give the reader of bundles changed bundles: ``python -m tests.transfer.bundles.fuzzing N SEED``.

It prints how many were refused by name, and the most memory that this process had.  Anything else
than a refusal by name, or a bundle that is read as it was written, ends it with a traceback.
"""

from __future__ import annotations

import asyncio
import io
import random
import resource
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from mirror.catalog.values import Digest
from mirror.errors import RefusedError
from mirror.publication.bundle import FORMAT, Manifest, Piece, read_manifest
from mirror.transfer.bundles.packing import Gathered
from mirror.transfer.bundles.reading import Reader
from mirror.transfer.keys.minisign import Signature
from tests.transfer.bundles.forging import Parts
from tests.transfer.keys.samples import key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WORDS = (b"\0", b"\xff", b"7" * 11, b"ustar", b"../", b"{", b'"', b"[" * 40, b"9" * 40, b"\0" * 512)


CERTIFIED = b"a word\nof four\nlines\nand\none more\n"


def sample() -> bytes:
    """Return a sound bundle of a few small pieces."""
    bodies = [b'{"type":"x"}', b"", b"a" * 511, b"b" * 512, b"c" * 513]
    pieces = [Piece(Digest.of(body).hex, len(body)) for body in bodies]
    manifest = Manifest(
        lineage="0" * 32,
        channel="current",
        sequence=7,
        published="2026-04-07T06:00:00Z",
        checked=None,
        content=pieces[0].sha256,
        base=None,
        boards=None,
        documents=(pieces[0],),
        blobs=tuple(sorted(pieces[1:], key=lambda piece: piece.sha256)),
        ledger=(),
        signed={},
        subtrees=("packages",),
        certificates=Piece.of(CERTIFIED),
        format=FORMAT,
    )
    bytes_of = {piece.sha256: body for piece, body in zip(pieces, bodies, strict=True)}
    return Parts(manifest, bytes_of, CERTIFIED).sealed(key())


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return *data* with a few random changes: bits, cuts, swaps, words that parsers stumble on."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(5):
            case 0 if at < len(found):
                found[at] ^= 1 << chance.randrange(8)
            case 1:
                del found[at : at + chance.choice((1, 12, 512, 5000))]
            case 2:
                found[at:at] = found[at : at + chance.choice((1, 512, 2048))]
            case 3:
                word = chance.choice(WORDS)
                found[at : at + len(word)] = word
            case _:
                block = 512 * (at // 512)
                found[block + 124 : block + 135] = b"%011o" % chance.randrange(8**11)
    return bytes(found)


async def read(data: bytes) -> bytes:
    """Read a bundle as an import does, but for trust and disk; return its pieces together."""
    reader = Reader(io.BytesIO(data))
    head = await reader.head()
    Signature.parse(head.signature)
    manifest = read_manifest(head.manifest)
    await reader.sums(manifest, head.certificates)
    pieces: list[bytes] = []
    for path, piece in manifest.paths():
        gathered = Gathered()
        await reader.piece(path, piece, gathered)
        pieces.append(gathered.data)
    await reader.end()
    return b"".join(pieces)


class _Here(ThreadPoolExecutor):
    """Does what is given to a thread at once: bytes in memory let nobody wait."""

    def submit(
        self,
        call: Callable[Arguments, Result],
        /,
        *words: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Future[Result]:
        done: Future[Result] = Future()
        try:
            done.set_result(call(*words, **named))
        except Exception as error:  # noqa: BLE001 - as a thread does
            done.set_exception(error)
        return done


async def fuzz(times: int, seed: int) -> int:
    """Read so many changed bundles; return how many were refused in one line."""
    asyncio.get_running_loop().set_default_executor(_Here())
    chance = random.Random(seed)  # noqa: S311 - a sample
    sound = sample()
    whole, refused = await read(sound), 0
    for _ in range(times):
        try:
            # A change to what nobody signs, or one that was taken back, is read as before.
            assert await read(changed(sound, chance)) == whole
        except RefusedError as error:
            refused += "\n" not in str(error)
    return refused


def main(words: Sequence[str]) -> None:
    """Read as many as the first word says, chosen by the second."""
    refused = asyncio.run(fuzz(int(words[0]), int(words[1])))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(f"{refused} of {words[0]} refused, at most {most} MB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
