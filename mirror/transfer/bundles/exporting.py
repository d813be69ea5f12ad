"""Write a bundle: what a publication names and the receiver has not, the same bytes every time.

Nothing in it depends on the clock, on who types or where it is written: the same publication,
key and have-list give the same file.  It is written as it is read, in pieces of 1 MiB, and every
blob is hashed on the way: damaged bytes end the export and never leave the house.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from mirror.catalog.values import Digest
from mirror.errors import (
    ArtifactNotFoundError,
    ConfigurationError,
    DamagedError,
    PublicationNotFoundError,
)
from mirror.frozen import dataclass
from mirror.publication.bundle import (
    CERTIFICATES,
    FORMAT,
    PLAIN,
    Extra,
    Manifest,
    Mark,
    Piece,
    document_path,
    encode_manifest,
)
from mirror.publication.documents import (
    ContentRoot,
    PublicationRoot,
    decode_board,
    decode_content,
    decode_publication,
)
from mirror.publication.statements import Statement, Type
from mirror.storage.disk import reported
from mirror.storage.threads import to_end
from mirror.transfer.bundles.beside import find_beside, named_beside
from mirror.transfer.bundles.packing import pack
from mirror.transfer.bundles.server import make_extras
from mirror.transfer.bundles.software import Software
from mirror.transfer.bundles.tar import END, header, padding

if TYPE_CHECKING:
    from typing import BinaryIO

    from mirror.storage.store import StoreReader

#: A line of the ledger is marked in each bundle when its number is a multiple of this.
MARK_EVERY: Final = 256

_MOST_BYTES: Final = 64 * 1024 * 1024
_PORTION: Final = 1 << 20


class BundleSigner(Protocol):
    """Who signs bundles."""

    def sign(self, data: bytes, statement: Statement) -> str:
        """Return a ``.minisig`` file."""


def holds_nothing(_digest: Digest) -> bool:
    """Say of everything that the receiver has it not."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a bundle shall bring: of which *channel*, of which boards (patterns; none: all).

    *base* is a content that the receiver holds, *held* says whether it holds certain bytes
    besides; *marked* are numbers of lines of the ledger to be marked too; *certificates* are what
    the recovery key says of keys; *software* is mpmirror itself.  With *server* the bundle has
    what it takes to serve it without an installation.
    """

    channel: str = "current"
    boards: tuple[str, ...] = ()
    base: Digest | None = None
    held: Callable[[Digest], bool] = holds_nothing
    marked: Collection[int] = ()
    checked: str | None = None
    certificates: str = ""
    software: Software = field(default_factory=Software)
    server: bool = False

    @property
    def is_delta(self) -> bool:
        """Whether the receiver is taken to hold something."""
        return self.base is not None or self.held is not holds_nothing


@dataclass(frozen=True, slots=True)
class Export:
    """A bundle that is about to be written: all of it but the files is in *head*.

    *left* are sentences about what stays behind, and what that means for the far side; *extras*
    are the bytes of what is in no store by their paths, or the files that have them.
    """

    manifest: Manifest
    head: tuple[tuple[str, bytes], ...]
    left: tuple[str, ...] = ()
    extras: Mapping[str, bytes | Path] = field(default_factory=dict)


async def plan_export(store: StoreReader, signer: BundleSigner, request: Request) -> Export:
    """Find what belongs into the bundle, and sign that; nothing is written.

    Raises `PublicationNotFoundError` without a publication there, `ConfigurationError` for boards
    that nobody has, `DamagedError` for documents that can not be read.
    """
    root, content = await _current(store, request.channel)
    boards = _chosen(content, request.boards)
    base = await _reach(store, request.base) if request.base else frozenset()
    documents, files = await _wanted(store, root.content, content, boards)
    beside = await find_beside(store, content, narrowed=bool(request.boards))
    documents += beside.documents
    files = (files | set(beside.files)) - set(beside.documents)
    recalled = set(content.recalled)
    rendered = await make_extras(store, root, content, boards) if request.server else {}
    extras = [Extra(path, Digest.of(data).hex, len(data)) for path, data in rendered.items()]
    extras += request.software.extras

    def is_new(piece: Piece) -> bool:
        digest = piece.digest
        return digest not in base and digest not in recalled and not request.held(digest)

    certificates = request.certificates.encode()
    first, *others = documents
    new_documents = (first, *filter(is_new, others))
    packed = await _packed(store, new_documents) if request.is_delta else {}
    manifest = Manifest(
        lineage=root.lineage,
        channel=request.channel,
        sequence=root.sequence,
        published=root.published,
        checked=request.checked,
        content=first.sha256,
        base=request.base.hex if request.base else None,
        boards=boards if request.boards else None,
        documents=new_documents,
        blobs=tuple(sorted(filter(is_new, files), key=lambda piece: piece.sha256)),
        ledger=await _marks(store, request.marked),
        signed=await store.signatures.of(root.content),
        subtrees=tuple(beside.names),
        extras=tuple(sorted(extras, key=lambda extra: extra.path)),
        certificates=Piece.of(certificates) if certificates else None,
        packed=tuple(map(Piece.of, packed.values())),
        format=FORMAT if beside.names or extras or certificates or packed else PLAIN,
    )
    data = encode_manifest(manifest)
    said = Statement(Type.BUNDLE, root.lineage, root.sequence, request.channel)
    signature = await to_end(signer.sign, data, said)
    return Export(
        manifest,
        (
            ("manifest.json", data),
            ("manifest.json.minisig", signature.encode()),
            *([(CERTIFICATES, certificates)] if certificates else []),
            ("SHA256SUMS", manifest.sums()),
        ),
        tuple(beside.left),
        {**rendered, **request.software.by_path, **packed},
    )


async def stream_export(store: StoreReader, export: Export) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of the bundle; raise `DamagedError` when a blob is not what it was."""
    for name, data in export.head:
        yield header(name, len(data))
        yield data + bytes(padding(len(data)))
    for path, piece in export.manifest.paths():
        yield header(path, piece.size)
        extra = export.extras.get(path)
        if isinstance(extra, bytes):
            yield extra
        else:
            async for portion in _bytes_of(store, piece, extra):
                yield portion
        if padding(piece.size):
            yield bytes(padding(piece.size))
    yield END


async def _bytes_of(store: StoreReader, piece: Piece, path: Path | None) -> AsyncIterator[bytes]:
    """Yield the bytes of a blob, or of the file at *path*."""
    hashed = hashlib.sha256()
    size = 0
    file = (await store.blobs.open(piece.digest)).file if path is None else await _opened(path)
    with file:
        while portion := await to_end(_read_hashed, file, hashed):
            size += len(portion)
            yield portion
    if size != piece.size or hashed.hexdigest() != piece.sha256:
        raise DamagedError(
            f"{path or piece.digest} was damaged while it was read: the bundle is no good"
        )


async def _opened(path: Path) -> BinaryIO:
    with reported("reading", path):
        # Not in a thread: who is cancelled meanwhile would leave it open.
        return path.open("rb")


def _read_hashed(file: BinaryReader, hashed: HashLike) -> bytes:
    portion = file.read(_PORTION)
    hashed.update(portion)
    return portion


class BinaryReader(Protocol):
    """An open file."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes."""


class HashLike(Protocol):
    """A hash under way."""

    def update(self, data: bytes, /) -> object:
        """Take *data* in."""


async def _current(store: StoreReader, channel: str) -> tuple[PublicationRoot, ContentRoot]:
    digest = await store.publications.current(channel)
    if digest is None:
        raise PublicationNotFoundError(f"nothing is published on channel {channel}")
    root = decode_publication(await store.blobs.read(digest, max_bytes=_MOST_BYTES))
    return root, decode_content(await store.blobs.read(root.content, max_bytes=_MOST_BYTES))


def _chosen(content: ContentRoot, patterns: Collection[str]) -> tuple[str, ...]:
    unknown = [
        pattern
        for pattern in patterns
        if not any(fnmatchcase(board, pattern) for board in content.boards)
    ]
    if unknown:
        raise ConfigurationError(f"no board is published that is called like {unknown[0][:80]}")
    return tuple(
        board
        for board in sorted(content.boards)
        if not patterns or any(fnmatchcase(board, pattern) for pattern in patterns)
    )


async def _wanted(
    store: StoreReader, digest: Digest, content: ContentRoot, boards: Collection[str]
) -> tuple[list[Piece], set[Piece]]:
    """Return the documents, the content first, and the files of *boards*."""
    documents = [Piece(digest.hex, await store.blobs.size(digest))]
    files: set[Piece] = set()
    for board in boards:
        data = await store.blobs.read(content.boards[board], max_bytes=_MOST_BYTES)
        documents.append(Piece(content.boards[board].hex, len(data)))
        files |= await to_end(_files_of, data)
    # Two boards may share a document's bytes never, and files often.
    return documents, files


async def _packed(store: StoreReader, documents: Iterable[Piece]) -> dict[str, bytes]:
    """Return *documents* as they travel in a delta, by their paths."""
    packed = {}
    for piece in documents:
        data = await store.blobs.read(piece.digest, max_bytes=_MOST_BYTES)
        packed[document_path(piece, packed=True)] = await to_end(pack, data)
    return packed


def _files_of(document: bytes) -> set[Piece]:
    board = decode_board(document)
    releases = (*board.releases, *board.local)
    return {Piece(file.hashes.sha256, file.size) for one in releases for file in one.files}


async def _reach(store: StoreReader, content: Digest) -> frozenset[Digest]:
    """Return all that hangs on *content*, of which the documents must still be here."""
    try:
        root = decode_content(await store.blobs.read(content, max_bytes=_MOST_BYTES))
        found = {content, *root.boards.values()}
        for digest in root.boards.values():
            data = await store.blobs.read(digest, max_bytes=_MOST_BYTES)
            found |= {piece.digest for piece in await to_end(_files_of, data)}
        found |= await named_beside(store, root)
    except ArtifactNotFoundError as error:
        raise PublicationNotFoundError(
            f"what the receiver holds ({content}) is no longer known here: have it print "
            "`mpmirror have --full`, and export with that"
        ) from error
    return frozenset(found)


async def _marks(store: StoreReader, wanted: Collection[int]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    last: Mark | None = None
    async for recorded in store.ledger.entries():
        place = recorded.position
        last = Mark(place.number, place.digest.hex)
        if place.number % MARK_EVERY == 0 or place.number in wanted:
            marks.append(last)
    if last is not None and (not marks or marks[-1] != last):
        marks.append(last)
    return tuple(marks)
