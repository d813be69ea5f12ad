"""Sightings as they are written: brief, and what was there comes back whole.

Twenty thousand artifacts are as many lines of the ledger, and rows of the index.  So nothing
is written that stands beside it already (the name in the URL, the version and date that the
image and its name both say, nginx's time of change in its ETag), nor a sentence that hundreds
of others have.  A text ``=word`` stands for another one; a text that itself begins with ``=``
has one more in front.  Digests that nobody looks for by hand are in base64.

What a word stands for is part of the format: words come, and none ever changes or goes.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from mirror.catalog.values import Digest
from mirror.formats.verdict import (
    Checksummed,
    Conclusion,
    Finding,
    Identity,
    ImageFacts,
    Region,
    Verdict,
)
from mirror.frozen import dataclass
from mirror.shapes import Shape
from mirror.storage.entries import Evidence, Sighting
from mirror.storage.words import (
    STANDING,
    WORDS,
    board_in,
    brief_time,
    brief_url,
    long,
    longer,
    packed,
    said_by,
    short,
    shorter,
    time_in,
    turned,
    unpacked,
    whole_time,
    whole_url,
)


@dataclass(frozen=True, slots=True)
class BriefFacts:
    """`ImageFacts`; a region is a pair, and was an object in the rows of earlier versions."""

    structure: str
    chip: str | None = None
    offset: int | None = None
    flash_size: int | None = None
    regions: tuple[tuple[int, int] | Region, ...] = ()
    partitions: tuple[str, ...] = ()
    payload: str | None = None
    elf: str | None = None


@dataclass(frozen=True, slots=True)
class BriefIdentity:
    """`Identity`; most images say what their names say, and are named by nothing else."""

    versions: tuple[str, ...] = ("=v",)
    dates: tuple[str, ...] = ("=d",)
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BriefVerdict:
    """`Verdict` with its keys, so that what was written before is read too.

    ``says`` is ``identity``, which rows of earlier versions have.
    """

    conclusion: Conclusion = Conclusion.VERIFIED
    checksummed: Checksummed = Checksummed.NONE
    reasons: tuple[Finding, ...] = ()
    facts: BriefFacts | None = None
    identity: Identity | None = None
    says: BriefIdentity | None = None
    limits: tuple[str, ...] = ()
    agrees_with: tuple[str, ...] = ()
    differs_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BriefEvidence:
    """`Evidence`, its digests in base64."""

    peer: str | None = None
    cert: str | None = None
    page: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BriefSighting:
    """`Sighting`: ``url`` ends with ``/`` where the name follows."""

    time: datetime
    name: str
    url: str
    digest: Digest
    size: int
    verdict: BriefVerdict
    board: str = "=board"
    md5: str | None = None
    etag: str | None = None
    modified: str | None = None
    type: str | None = None
    via: str | None = None
    evidence: BriefEvidence | None = None
    awaits: tuple[str, ...] = ()


_VERDICTS = Shape(BriefVerdict)
# With each crawl the rows of boards that changed are read again, most of them as they were.
_REMEMBERED: Final = 1024


def write_verdict(verdict: Verdict, name: str) -> str:
    """Return *verdict* about the artifact *name* as a row has it."""
    return _VERDICTS.dump_json(brief_verdict(verdict, name), exclude_defaults=True).decode()


@lru_cache(maxsize=_REMEMBERED)
def read_verdict(text: str, name: str) -> Verdict:
    """Return what `write_verdict` wrote, or an earlier version; `ValueError` for all else."""
    return whole_verdict(_VERDICTS.validate_json(text), name)


def brief_verdict(verdict: Verdict, name: str) -> BriefVerdict:
    """Return *verdict* about the artifact *name* as it is written."""
    words = WORDS | said_by(name)
    said, facts = verdict.identity, verdict.facts
    return BriefVerdict(
        conclusion=verdict.conclusion,
        checksummed=verdict.checksummed,
        reasons=verdict.reasons,
        facts=_brief_facts(facts) if facts else None,
        says=BriefIdentity(
            shorter(said.versions, words),
            shorter(said.dates, words),
            shorter(said.machines, words),
        )
        if said != Identity()
        else None,
        limits=shorter(verdict.limits, words),
        agrees_with=verdict.agrees_with,
        differs_from=verdict.differs_from,
    )


def whole_verdict(brief: BriefVerdict, name: str) -> Verdict:
    """Return what `brief_verdict` was given; raise `ValueError` for an unknown word."""
    texts = STANDING | turned(said_by(name))
    said, facts = brief.says or brief.identity or Identity(), brief.facts
    return Verdict(
        conclusion=brief.conclusion,
        checksummed=brief.checksummed,
        reasons=brief.reasons,
        facts=_whole_facts(facts) if facts else None,
        identity=Identity(
            longer(said.versions, texts),
            longer(said.dates, texts),
            longer(said.machines, texts),
        ),
        limits=longer(brief.limits, texts),
        agrees_with=brief.agrees_with,
        differs_from=brief.differs_from,
    )


def brief_sighting(sighting: Sighting) -> BriefSighting:
    """Return *sighting* as it is written."""
    name, etag, evidence = sighting.name, sighting.etag, sighting.evidence
    modified, kind = sighting.last_modified, sighting.content_type
    return BriefSighting(
        time=sighting.time,
        name=name,
        url=brief_url(sighting.url, name),
        digest=sighting.digest,
        size=sighting.size,
        verdict=brief_verdict(sighting.verdict, name),
        board=short(sighting.board, board_in(name)),
        md5=sighting.md5,
        etag=etag,
        modified=short(modified, time_in(etag)) if modified is not None else None,
        type=short(kind, WORDS) if kind is not None else None,
        via=sighting.via,
        evidence=_brief_evidence(evidence) if evidence else None,
        awaits=sighting.awaits,
    )


def whole_sighting(brief: BriefSighting) -> Sighting:
    """Return what `brief_sighting` was given; raise `ValueError` for what it never gave."""
    name, etag, evidence = brief.name, brief.etag, brief.evidence
    modified, kind = brief.modified, brief.type
    return Sighting(
        time=brief.time,
        name=name,
        url=whole_url(brief.url, name),
        board=long(brief.board, turned(board_in(name))),
        digest=brief.digest,
        size=brief.size,
        md5=brief.md5,
        verdict=whole_verdict(brief.verdict, name),
        etag=etag,
        last_modified=long(modified, turned(time_in(etag))) if modified is not None else None,
        content_type=long(kind, STANDING) if kind is not None else None,
        via=brief.via,
        evidence=_whole_evidence(evidence) if evidence else None,
        awaits=brief.awaits,
    )


def _brief_facts(facts: ImageFacts) -> BriefFacts:
    return BriefFacts(
        facts.structure,
        facts.chip,
        facts.offset,
        facts.flash_size,
        tuple((region.start, region.end) for region in facts.regions),
        facts.partitions,
        packed(facts.payload),
        packed(facts.elf),
    )


def _whole_facts(brief: BriefFacts) -> ImageFacts:
    return ImageFacts(
        brief.structure,
        brief.chip,
        brief.offset,
        brief.flash_size,
        tuple(one if isinstance(one, Region) else Region(*one) for one in brief.regions),
        brief.partitions,
        unpacked(brief.payload),
        unpacked(brief.elf),
    )


def _brief_evidence(evidence: Evidence) -> BriefEvidence:
    certificate, page = evidence.certificate, evidence.page
    return BriefEvidence(
        peer=evidence.peer,
        cert=packed(certificate.hex) if certificate else None,
        page=packed(page.hex) if page else None,
        headers=tuple((key, brief_time(text)) for key, text in evidence.headers),
    )


def _whole_evidence(brief: BriefEvidence) -> Evidence:
    certificate, page = unpacked(brief.cert), unpacked(brief.page)
    return Evidence(
        peer=brief.peer,
        certificate=Digest(certificate) if certificate is not None else None,
        page=Digest(page) if page is not None else None,
        headers=tuple((key, whole_time(text)) for key, text in brief.headers),
    )
