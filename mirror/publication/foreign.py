"""Read the documents of another mirror: foreign input, however well it is formed.

Nothing of them is believed but what upstream's pages could have said too: facts, names,
sources and texts within the bounds of a page, and beside them the digest and the size of each
file, to be compared with what comes.  Verdicts are not taken over: this mirror judges for
itself.  A document that no mirror would write is refused whole; an artifact that this mirror
does not take (a name outside the grammar, a build of the other's own) is left out by name.
"""

from __future__ import annotations

import json
import re
from dataclasses import field, replace
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from pydantic import Field, ValidationError

from mirror.catalog.model import BoardFacts, BoardPage, Listing, Problem
from mirror.catalog.names import ArtifactName
from mirror.catalog.texts import one_line
from mirror.catalog.values import Digest
from mirror.errors import (
    DocumentRefusedError,
    ForeignDataError,
    MalformedValueError,
    RefusedError,
    UnrecognisedNameError,
)
from mirror.frozen import dataclass
from mirror.publication.documents import (
    BoardDocument,
    FileEntry,
    OnDemandEntry,
    decode_board,
    decode_content,
    decode_publication,
)
from mirror.publication.keys import RECOVERY_PATH, ROTATIONS_PATH
from mirror.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

CHANNEL: Final = "current"

MOST_BOARDS: Final = 5000
MOST_FILES: Final = 50_000
MOST_THROUGH: Final = 32
"""Mirrors in a row, from upstream to us."""

_MOST_PROBLEMS: Final = 200
_LONGEST_LINE: Final = 4000
_LONGEST_URL: Final = 500
_MOST_PASSAGES: Final = 400
_MOST_WORDS: Final = 100
_MOST_BYTES: Final = 1 << 40
_FLASH: Final = 1 << 32
_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}(?:/[!-;=?-~]*)?")
_WEBSITE: Final = re.compile(r"https?://[!-;=?-~]+", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_VARIANT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,199}")
_PHOTOGRAPH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")

_PAPERS: Final = (RECOVERY_PATH, ROTATIONS_PATH)

_Lineage = Annotated[str, Field(pattern=r"^[0-9a-f]{32}\z")]
_Board = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\z")]
_Site = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,255}\z")]
_Sequence = Annotated[int, Field(ge=1, lt=10**18)]


@dataclass(frozen=True, slots=True)
class PeerRoot:
    """Where a publication of another mirror stands, and the digest of its content.

    ``papers`` are the documents about its keys, by path.
    """

    lineage: _Lineage
    sequence: _Sequence
    content: Digest
    papers: dict[str, Digest] = field(default_factory=dict)
    channel: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\z")] = CHANNEL


@dataclass(frozen=True, slots=True)
class PeerContent:
    """What another mirror holds: every board document by digest, and where all of it is from.

    ``lineages`` are those of the mirrors that it came through, the nearest (who made this
    document) first.
    """

    upstream: _Site
    lineages: Annotated[tuple[_Lineage, ...], Field(min_length=1, max_length=MOST_THROUGH)]
    boards: Annotated[dict[_Board, Digest], Field(max_length=MOST_BOARDS)]
    recalled: tuple[Digest, ...] = ()


PEER_ROOT = Shape(PeerRoot)
PEER_CONTENT = Shape(PeerContent)

_Document = TypeVar("_Document")
_Value = TypeVar("_Value")


def read_peer_root(data: bytes, url: str, channel: str = CHANNEL) -> PeerRoot:
    """Read the root of a publication found at *url*; raise `DocumentRefusedError`.

    It is of *channel*, or of the one that the mirror has chosen when that is empty.
    """
    root = decoded(decode_publication, data, url)
    if channel and root.channel != channel:
        raise DocumentRefusedError(f"{url}: is of the channel {root.channel[:80]!r}")
    given = {
        "lineage": root.lineage,
        "sequence": root.sequence,
        "content": root.content,
        "papers": {path: root.documents[path].digest for path in _PAPERS if path in root.documents},
        "channel": root.channel,
    }
    return _checked(PEER_ROOT, given, url)


def read_peer_content(data: bytes, url: str) -> PeerContent:
    """Read the root of a content tree found at *url*; raise `DocumentRefusedError`."""
    content = decoded(decode_content, data, url)
    given = {
        "upstream": content.upstream,
        "lineages": (content.origin.lineage, *content.through),
        "boards": content.boards,
        "recalled": content.recalled,
    }
    return _checked(PEER_CONTENT, given, url)


def read_peer_board(data: bytes, url: str, board: str) -> BoardPage:
    """Read the document of *board*, found at *url*, as if it was upstream's page.

    What is held there comes before what is on demand there, in the document's order: so of
    two builds of one version the one that is held is the first.  Raises `DocumentRefusedError`.
    """
    document = decoded(decode_board, data, url)
    if document.board != board:
        raise DocumentRefusedError(f"{url}: is about {document.board[:80]!r}, not {board}")
    facts = facts_of(document, url)
    problems: list[Problem] = []
    listings = tuple(_listings(document, url, problems))
    return BoardPage(facts, listings, tuple(problems[:_MOST_PROBLEMS]))


def is_source(url: str, name: ArtifactName) -> bool:
    """Whether *url* can be where upstream lists the file *name*."""
    return len(url) <= _LONGEST_URL and bool(_URL.fullmatch(url)) and url.endswith(f"/{name}")


def decoded(decode: Callable[[bytes], _Document], data: bytes, url: str) -> _Document:
    """Read a document with *decode*; raise `DocumentRefusedError`, also for a key twice."""
    try:
        document = decode(data)
        json.loads(data, object_pairs_hook=_refuse_repeated)
    except (MalformedValueError, ForeignDataError, ValueError, RecursionError) as error:
        raise DocumentRefusedError(f"{url}: {one_line(str(error), 500)}") from error
    return document


def _refuse_repeated(pairs: list[tuple[str, object]]) -> None:
    """Refuse an object with a key twice: two readers would see two documents in it."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise MalformedValueError(f"{key[:80]!r} stands twice in one object")
        seen.add(key)


def _checked(adapter: Shape[_Value], given: Mapping[str, object], url: str) -> _Value:
    try:
        return adapter.validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(one_line(str(step), 80) for step in first["loc"])
        raise DocumentRefusedError(f"{url}: {place}: {first['msg']}") from error


def facts_of(document: BoardDocument, url: str) -> BoardFacts:
    """Return what upstream's pages said; raise `DocumentRefusedError` for what none says."""
    _refuse_odd_text(document, url)
    _refuse_odd_facts(document, url)
    return document.facts


def _refuse_odd_text(document: BoardDocument, url: str) -> None:
    """Refuse texts that this mirror would not have taken from a page: too long, or unprintable."""
    passages = [*document.description, *document.instructions]
    lines = [
        document.product,
        document.vendor,
        *document.features,
        *(variant.label for variant in document.variants),
    ]
    for text in (*lines, *(passage.text.replace("\n", " ") for passage in passages)):
        if len(text) > _LONGEST_LINE or not text.isprintable():
            raise DocumentRefusedError(f"{url}: a text that no page gives: {one_line(text, 80)!r}")
    if len(passages) > 2 * _MOST_PASSAGES or len(lines) > 2 * _MOST_WORDS:
        raise DocumentRefusedError(
            f"{url}: {len(passages)} passages and {len(lines)} lines of text"
        )


def _refuse_odd_facts(document: BoardDocument, url: str) -> None:
    words = [word for word in (document.port, document.mcu) if word is not None]
    variants = [variant.variant for variant in document.variants if variant.variant is not None]
    notes = [release.notes for release in document.releases if release.notes is not None]
    website = [] if document.website is None else [document.website]
    _refuse_others(words, _WORD, url)
    _refuse_others(variants, _VARIANT, url)
    _refuse_others(document.photographs[:_MOST_WORDS], _PHOTOGRAPH, url)
    _refuse_others([document.page], _URL, url)
    _refuse_others([*website, *notes], _WEBSITE, url)
    if len(document.photographs) > _MOST_WORDS:
        raise DocumentRefusedError(f"{url}: {len(document.photographs)} photographs")
    if not 0 <= (document.flash_offset or 0) < _FLASH:
        raise DocumentRefusedError(f"{url}: a flash offset of {document.flash_offset}")


def _refuse_others(texts: Iterable[str], pattern: re.Pattern[str], url: str) -> None:
    for text in texts:
        if len(text) > _LONGEST_URL or pattern.fullmatch(text) is None:
            raise DocumentRefusedError(f"{url}: a value that no page gives: {one_line(text, 80)!r}")


def _listings(document: BoardDocument, url: str, problems: list[Problem]) -> Iterator[Listing]:
    seen: set[str] = set()
    for position, (entry, notes) in enumerate(_entries(document)):
        if entry.name in seen or position >= MOST_FILES:
            named = one_line(entry.name, 80)
            raise DocumentRefusedError(f"{url}: lists {named!r} twice, or too much")
        seen.add(entry.name)
        try:
            yield _listing(entry, document.board, position, notes)
        except UnrecognisedNameError:
            problems.append(Problem("unrecognised-name", one_line(entry.name, 200), url))
        except RefusedError as error:
            problems.append(Problem("odd-entry", one_line(str(error), 200), url))


def _entries(document: BoardDocument) -> Iterator[tuple[FileEntry | OnDemandEntry, str | None]]:
    for release in document.releases:
        yield from ((file, release.notes) for file in release.files)
    yield from ((offer, None) for offer in document.on_demand)


def _listing(
    entry: FileEntry | OnDemandEntry, board: str, position: int, notes: str | None
) -> Listing:
    name = ArtifactName.parse(entry.name)
    if not is_source(entry.source, name):
        raise MalformedValueError(f"{name}: {entry.source[:80]!r} is no place of upstream's")
    listing = Listing.at(entry.source, name, board, position)
    if isinstance(entry, OnDemandEntry):
        return listing
    if not 0 <= entry.size < _MOST_BYTES:
        raise MalformedValueError(f"{name}: a size of {entry.size} bytes")
    return replace(listing, notes=notes, digest=entry.digest, size=entry.size)
