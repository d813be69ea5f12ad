"""Build the documents of a publication from facts: the same input gives the same bytes.

Nothing here decides what is held or when to publish; it says how a board, a content root
and the local documents look.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mirror.catalog.kinds import Kind, Maturity
from mirror.catalog.names import ArtifactName
from mirror.catalog.origins import source_of
from mirror.catalog.values import Digest
from mirror.formats.verdict import Verdict
from mirror.frozen import dataclass
from mirror.publication.documents import (
    BoardDocument,
    FileEntry,
    Flash,
    Hashes,
    OnDemandEntry,
    ReleaseEntry,
    State,
)
from mirror.publication.own_builds import OwnBuild, render_own_builds
from mirror.publication.words import verdict_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mirror.catalog.model import BoardFacts, Listing
    from mirror.catalog.versions import Version

# What people flash comes first; upstream shows `.bin` before `.app-bin` too.
_KIND_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class HeldArtifact:
    """An accepted artifact of this store: its name, where it came from, and what it is.

    ``source`` is an origin as in `mirror.catalog.origins`; ``withdrawn`` and
    ``also_known_as`` are as in `FileEntry`.
    """

    name: ArtifactName
    source: str
    digest: Digest
    size: int
    md5: str | None
    verdict: Verdict
    withdrawn: str | None = None
    also_known_as: tuple[str, ...] = ()
    hidden: bool = False


def render_board(
    facts: BoardFacts,
    held: Iterable[HeldArtifact],
    notes: Mapping[str, str],
    offered: Iterable[Listing] = (),
    own: Iterable[OwnBuild] = (),
) -> BoardDocument:
    """Return the document of one board, with every held artifact in it.

    *notes* gives release notes (an http(s) URL) by version; *offered* is what can be fetched
    on demand; *own* are the operator's builds.
    """
    newest_first = sorted(held, key=_release, reverse=True)
    releases = tuple(
        _render_release(list(artifacts), facts.port, notes)
        for _, artifacts in groupby(newest_first, key=_release)
    )
    return BoardDocument(
        board=facts.board,
        port=facts.port,
        mcu=facts.mcu,
        vendor=facts.vendor,
        product=facts.product,
        page=facts.page,
        features=facts.features,
        website=facts.website,
        flash_offset=facts.flash_offset,
        photographs=facts.photographs,
        variants=facts.variants,
        description=facts.description,
        instructions=facts.instructions,
        releases=releases,
        on_demand=_render_offers(offered, facts.port),
        local=render_own_builds(own),
    )


def file_path(name: str) -> str:
    """Return the path under which every mirror serves the artifact called *name*."""
    return f"/v1/files/{name}"


def _release(artifact: HeldArtifact) -> tuple[Version, Maturity]:
    # An old daily build can carry a bare version: only its name says that it is a preview.
    return artifact.name.version, artifact.name.maturity


def _render_release(
    artifacts: list[HeldArtifact], port: str | None, notes: Mapping[str, str]
) -> ReleaseEntry:
    version, maturity = _release(artifacts[0])
    files = sorted((_render_file(artifact, port) for artifact in artifacts), key=_place)
    return ReleaseEntry(
        version=str(version),
        maturity=maturity,
        date=min(file.date for file in files),
        notes=notes.get(str(version)),
        files=tuple(files),
    )


def _render_offers(offered: Iterable[Listing], port: str | None) -> tuple[OnDemandEntry, ...]:
    entries = [(listing.name, _render_offer(listing, port)) for listing in offered]
    entries.sort(key=lambda entry: _place(entry[1]))
    entries.sort(key=lambda entry: (entry[0].version, entry[0].maturity), reverse=True)
    return tuple(entry for _, entry in entries)


def _render_offer(listing: Listing, port: str | None) -> OnDemandEntry:
    name = listing.name
    return OnDemandEntry(
        name=str(name),
        kind=name.kind,
        variant=name.present(port).variant,
        version=str(name.version),
        maturity=name.maturity,
        date=name.date,
        state=State.ON_DEMAND,
        path=file_path(str(name)),
        source=listing.url,
    )


def _place(file: FileEntry | OnDemandEntry) -> tuple[str, int, str, str]:
    # The earlier of two builds of one version is upstream's right one (`upstream.md` U7).
    return (file.variant or "", _KIND_ORDER[file.kind], file.date, file.name)


def _render_file(artifact: HeldArtifact, port: str | None) -> FileEntry:
    name, verdict = artifact.name, artifact.verdict
    facts = verdict.facts
    return FileEntry(
        name=str(name),
        kind=name.kind,
        variant=name.present(port).variant,
        date=name.date,
        state=State.HELD,
        size=artifact.size,
        hashes=Hashes(sha256=artifact.digest.hex, md5=artifact.md5),
        path=file_path(str(name)),
        source=source_of(artifact.source),
        flash=Flash(facts.chip, facts.offset, facts.flash_size) if facts else Flash(),
        verdict=verdict_entry(verdict, artifact.source),
        withdrawn=artifact.withdrawn,
        also_known_as=artifact.also_known_as,
        hidden=artifact.hidden,
    )
