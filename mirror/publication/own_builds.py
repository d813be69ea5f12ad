"""The own builds of a board, apart from upstream's releases."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mirror.catalog.local_names import LocalName
from mirror.catalog.origins import LOCAL
from mirror.catalog.values import Digest
from mirror.formats.verdict import Verdict
from mirror.frozen import dataclass
from mirror.publication.documents import FileEntry, Flash, Hashes, ReleaseEntry, State
from mirror.publication.words import verdict_entry

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class OwnBuild:
    """A build of the operator's own: its name and bytes, and the day on which it was added."""

    name: LocalName
    digest: Digest
    size: int
    md5: str | None
    verdict: Verdict
    added: str
    hidden: bool = False


def render_own_builds(builds: Iterable[OwnBuild]) -> tuple[ReleaseEntry, ...]:
    """Return a release for each version of *builds*, what was added last first."""
    ordered = sorted(builds, key=lambda build: (build.name.version, str(build.name)))
    releases = [
        _render_release(version, list(some))
        for version, some in groupby(ordered, key=lambda build: build.name.version)
    ]
    return tuple(sorted(releases, key=lambda one: (one.date, one.version), reverse=True))


def _render_release(version: str, builds: list[OwnBuild]) -> ReleaseEntry:
    return ReleaseEntry(
        version=version,
        maturity=builds[0].name.maturity,
        date=max(build.added for build in builds),
        notes=None,
        files=tuple(_render_file(build) for build in builds),
    )


def _render_file(build: OwnBuild) -> FileEntry:
    facts = build.verdict.facts
    return FileEntry(
        name=str(build.name),
        kind=build.name.kind,
        variant=build.name.variant,
        date=build.added,
        state=State.HELD,
        size=build.size,
        hashes=Hashes(sha256=build.digest.hex, md5=build.md5),
        path=f"/v1/files/{build.name}",
        source=LOCAL,
        flash=Flash(facts.chip, facts.offset, facts.flash_size) if facts else Flash(),
        verdict=verdict_entry(build.verdict, LOCAL),
        hidden=build.hidden,
    )
