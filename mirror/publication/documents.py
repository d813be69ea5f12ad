"""The documents of a publication, as values and as canonical JSON.

Everything that a client can see hangs on one tree (`ContentRoot` → `BoardDocument` →
blobs), named by digest at every step.  The content tree holds no address of any mirror
and is equal on every node that holds it; `PublicationRoot` is this node's own page about
it: its sequence, and the documents that it rendered for itself.

``encode`` writes canonical JSON (RFC 8785), so equal values are equal bytes; ``decode_…``
reads it back.  Readers ignore fields that they do not know, except those that a document
calls ``critical``: a document with an unknown critical field is refused.
"""

from __future__ import annotations

from dataclasses import field, fields
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.model import BoardFacts, Passage, VariantFacts
from mirror.catalog.values import Digest
from mirror.errors import ForeignDataError, MalformedValueError
from mirror.formats.verdict import Checksummed, Conclusion, Finding, Identity
from mirror.frozen import dataclass
from mirror.publication.canonical import canonical, canonical_object
from mirror.shapes import Shape

FORMAT = 1

Words = Annotated[str, Field(description="The verdict as people read it.")]


class State(StrEnum):
    """Whether this mirror has the bytes of an artifact."""

    HELD = "held"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True)
class Hashes:
    """Digests of a whole file in lower-case hex (the key names follow PEP 691)."""

    sha256: str
    md5: str | None = None


@dataclass(frozen=True, slots=True)
class Flash:
    """Where the file goes, as found in the image itself; null where the image can not show it.

    ``offset`` and ``size`` (of the flash that the image was made for) are in bytes.
    """

    chip: str | None = None
    offset: int | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class VerdictEntry:
    """What was checked, what was found, and what can not be known.

    ``agrees_with`` and ``differs_from`` name files of the same build that carry the same
    program, or should and do not.
    """

    conclusion: Conclusion
    words: Words
    checksummed: Checksummed
    structure: str | None
    reasons: tuple[Finding, ...] = ()
    identity: Identity = field(default_factory=Identity)
    limits: tuple[str, ...] = ()
    agrees_with: tuple[str, ...] = ()
    differs_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One artifact: its bytes are those of ``hashes.sha256`` and no others.

    ``path`` is where every mirror serves it, ``source`` where upstream listed it, or
    ``adopted`` where an operator brought it and upstream was never seen to list it, or
    ``local`` for an own build.  ``withdrawn`` is the day of the first crawl that missed it,
    null while upstream lists it: it stays held and served.  ``also_known_as`` are other names
    of the same bytes, which upstream renamed.  What is ``hidden`` is never the latest: an
    operator judged it wrong; its name still gets it.
    """

    name: str
    kind: Kind
    variant: str | None
    date: str
    state: Literal[State.HELD]
    size: int
    hashes: Hashes
    path: str
    source: str
    flash: Flash
    verdict: VerdictEntry
    withdrawn: str | None = None
    also_known_as: tuple[str, ...] = ()
    hidden: bool = False

    @property
    def digest(self) -> Digest:
        """The name of the bytes in the store."""
        return Digest(self.hashes.sha256)


@dataclass(frozen=True, slots=True)
class OnDemandEntry:
    """One artifact that upstream lists and that is fetched at the first request for ``path``.

    Nobody has judged its bytes yet, so nothing is said of them: no size, digest or verdict.
    """

    name: str
    kind: Kind
    variant: str | None
    version: str
    maturity: Maturity
    date: str
    state: Literal[State.ON_DEMAND]
    path: str
    source: str


@dataclass(frozen=True, slots=True)
class ReleaseEntry:
    """All artifacts of one version of one board, the default variant first."""

    version: str
    maturity: Maturity
    date: str
    notes: str | None
    files: tuple[FileEntry, ...]


@dataclass(frozen=True, slots=True)
class BoardDocument:
    """One board: facts from upstream's pages, then its releases, newest version first.

    ``flash_offset`` (bytes) is what upstream's instructions say; where an image shows
    another one, that image's verdict warns.  Texts are quotations of upstream as plain text.
    ``releases`` name what is held and nothing else; ``on_demand`` is the rest of what
    upstream lists, newest version first.  ``renamed_to`` and ``renamed_from`` are ids of
    boards that most builds say are the same one under its later and its earlier name.
    ``local`` are the operator's own builds, added last first: no release of upstream.
    """

    board: str
    port: str | None
    mcu: str | None
    vendor: str
    product: str
    page: str
    features: tuple[str, ...]
    website: str | None
    flash_offset: int | None
    photographs: tuple[str, ...]
    variants: tuple[VariantFacts, ...]
    description: tuple[Passage, ...]
    instructions: tuple[Passage, ...]
    releases: tuple[ReleaseEntry, ...]
    on_demand: tuple[OnDemandEntry, ...] = ()
    renamed_to: str | None = None
    renamed_from: tuple[str, ...] = ()
    local: tuple[ReleaseEntry, ...] = ()
    type: str = "mpmirror.board"
    format: int = FORMAT
    critical: tuple[str, ...] = ()

    @property
    def facts(self) -> BoardFacts:
        """What upstream's pages said of the board when this was rendered."""
        return BoardFacts(**{fact.name: getattr(self, fact.name) for fact in fields(BoardFacts)})


@dataclass(frozen=True, slots=True)
class Origin:
    """The node that made a content tree: its lineage, its sequence there, and its key's id."""

    lineage: str
    sequence: int
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Recall:
    """A digest that an operator forbids, by which names it is known, since when, and why."""

    digest: Digest
    names: tuple[str, ...]
    since: str
    why: str


@dataclass(frozen=True, slots=True)
class ContentRoot:
    """The content layer: every board document by digest.  No mirror's address is in it.

    ``upstream`` is the site that all of it was first read from; ``through`` are the lineages
    of the mirrors that it came through to this one, the nearest first.
    ``recalled`` is what nobody may have; ``recalls`` says of each of them what a person asks.
    ``packages`` and ``photographs`` are subtrees (`mirror.publication.subtrees`), or None.
    """

    origin: Origin
    previous: Digest | None
    published: str
    upstream: str
    boards: dict[str, Digest]
    recalled: tuple[Digest, ...] = ()
    through: tuple[str, ...] = ()
    recalls: tuple[Recall, ...] = ()
    packages: Digest | None = None
    photographs: Digest | None = None
    type: str = "mpmirror.content"
    format: int = FORMAT
    critical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalDocument:
    """A document that this node rendered: its bytes, their media type and size in bytes."""

    digest: Digest
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class PublicationRoot:
    """The local layer: what one pointer of this node points to.

    ``sequence`` rises per ``lineage`` and ``channel`` and never goes back; ``previous`` is
    the root that this one superseded; ``documents`` are by path, such as ``/v1/boards.json``.
    ``layers`` (`mirror.publication.local.layer`) have the rest by board id, and under ``""``
    what names all boards; ``rendering`` is the word for how boards were rendered.
    """

    lineage: str
    channel: str
    sequence: int
    previous: Digest | None
    published: str
    content: Digest
    documents: dict[str, LocalDocument] = field(default_factory=dict)
    layers: dict[str, Digest] = field(default_factory=dict)
    rendering: str = ""
    type: str = "mpmirror.publication"
    format: int = FORMAT
    critical: tuple[str, ...] = ()


_Document = TypeVar("_Document", BoardDocument, ContentRoot, PublicationRoot)

_BOARD = Shape(BoardDocument)
_CONTENT = Shape(ContentRoot)
_PUBLICATION = Shape(PublicationRoot)
_RELEASE = Shape(ReleaseEntry)
_OFFERED = tuple(field.name for field in fields(OnDemandEntry))
_LONG = {"local", "on_demand", "releases"}


def encode(document: BoardDocument | ContentRoot | PublicationRoot) -> bytes:
    """Return the canonical JSON (RFC 8785) of *document*."""
    if isinstance(document, BoardDocument):
        return _encode_board(document)
    shape: Shape[Any] = _CONTENT if isinstance(document, ContentRoot) else _PUBLICATION
    return canonical(shape.dump_python(document, mode="json"))


def _encode_board(board: BoardDocument) -> bytes:
    # Entry by entry: the whole board as dictionaries is many times as large as its text.
    entries = {name: map(_dumped, getattr(board, name)) for name in _LONG}
    return canonical_object(_BOARD.dump_python(board, mode="json", exclude=_LONG), entries)


def _dumped(entry: ReleaseEntry | OnDemandEntry) -> object:
    if isinstance(entry, ReleaseEntry):
        return _RELEASE.dump_python(entry, mode="json")
    return {name: getattr(entry, name) for name in _OFFERED}  # many, and of texts only


def decode_board(data: bytes) -> BoardDocument:
    """Read a board document; raise `MalformedValueError` or `ForeignDataError`."""
    return _decode(_BOARD, data, "mpmirror.board")


def decode_content(data: bytes) -> ContentRoot:
    """Read a content root; raise `MalformedValueError` or `ForeignDataError`."""
    return _decode(_CONTENT, data, "mpmirror.content")


def decode_publication(data: bytes) -> PublicationRoot:
    """Read a publication root; raise `MalformedValueError` or `ForeignDataError`."""
    return _decode(_PUBLICATION, data, "mpmirror.publication")


def _decode(adapter: Shape[_Document], data: bytes, expected: str) -> _Document:
    try:
        document = adapter.validate_json(data)
    except ValidationError as error:
        raise MalformedValueError(
            f"not a document of type {expected}: {error.error_count()} fields do not fit, "
            f"first {error.errors()[0]['loc']}"
        ) from error
    if document.type != expected:
        raise MalformedValueError(f"expected a document of type {expected}, not {document.type!r}")
    if document.format != FORMAT or document.critical:
        raise ForeignDataError(
            f"{expected} of format {document.format} with critical fields "
            f"{list(document.critical)}: made by a newer mpmirror, which is needed to read it"
        )
    return document
